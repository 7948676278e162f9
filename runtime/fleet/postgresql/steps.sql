-- The steps of the queue: each is a function of a list of words, and one transaction. The first word is the time, 0 for the
-- server's. Each is the twin of a script of ../queue/scripts, which says what its words and answers are; tests/fleet holds
-- both to the same rules.

CREATE FUNCTION evalrun.put_plan(a bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO evalrun.plan (digest, name, bundle, put) VALUES (evalrun.text_of(a[2]), a[3], a[4], evalrun.time_of(a[1]))
    ON CONFLICT (digest) DO UPDATE SET put = excluded.put;
END $$;

CREATE FUNCTION evalrun.get_plan(a bytea[]) RETURNS SETOF bytea LANGUAGE sql VOLATILE AS
  $$ SELECT bundle FROM evalrun.plan WHERE digest = evalrun.text_of(a[2]) $$;

-- Answers how many jobs were taken, from the first on, and how many of these were known already.
CREATE FUNCTION evalrun.enqueue(a bytea[]) RETURNS TABLE (taken bytea, known bytea) LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  now bigint := evalrun.time_of(a[1]);
  its_tenant text := evalrun.text_of(a[2]);
  its_priority smallint := evalrun.number_of(a[3]);
  its_class text := evalrun.text_of(a[4]);
  bound bigint := evalrun.number_of(a[6]);
  room bigint;
  has_begun boolean := false;
  jobs_taken integer := 0;
  jobs_known integer := 0;
BEGIN
  PERFORM evalrun.add_up();
  -- Two producers of one tenant do not see each other's rows before they are there.
  PERFORM pg_advisory_xact_lock(1702000643, evalrun.lock_of(a[2]));
  SELECT bound - count(*) INTO room FROM (SELECT FROM evalrun.job WHERE state = 'waiting' AND tenant = its_tenant LIMIT bound) waiting;
  FOR i IN 7..array_length(a, 1) BY 4 LOOP
    IF EXISTS (SELECT FROM evalrun.job WHERE id = a[i]) THEN
      jobs_known := jobs_known + 1;
    ELSIF room <= 0 THEN
      EXIT;
    ELSE
      IF NOT has_begun THEN PERFORM evalrun.begin_where_the_others_are(its_tenant, its_priority, its_class); END IF;
      has_begun := true;
      INSERT INTO evalrun.job (id, batch, tenant, priority, class, plan, head, line, submitted, waiting_since)
        VALUES (a[i], a[5], its_tenant, its_priority, its_class, evalrun.text_of(a[i + 1]), a[i + 2], a[i + 3], now, now)
        ON CONFLICT (id) DO NOTHING;
      IF FOUND THEN room := room - 1; ELSE jobs_known := jobs_known + 1; END IF;
    END IF;
    jobs_taken := jobs_taken + 1;
  END LOOP;
  RETURN QUERY SELECT evalrun.bytes_of(jobs_taken::text), evalrun.bytes_of(jobs_known::text);
END $$;

-- Tenants with waiting jobs of this priority and class: a look at the index for each.
CREATE FUNCTION evalrun.waiting_tenants(its_priority smallint, its_class text) RETURNS SETOF text LANGUAGE sql VOLATILE
SET enable_seqscan = off SET enable_sort = off AS $$
  WITH RECURSIVE found (tenant) AS (
    (SELECT tenant FROM evalrun.job WHERE state = 'waiting' AND NOT ran_before AND priority = its_priority AND class = its_class
     ORDER BY priority, class, tenant LIMIT 1)
    UNION ALL
    SELECT (SELECT job.tenant FROM evalrun.job WHERE state = 'waiting' AND NOT ran_before AND priority = its_priority
            AND class = its_class AND job.tenant > found.tenant ORDER BY priority, class, job.tenant LIMIT 1)
    FROM found WHERE found.tenant IS NOT NULL
  ) SELECT tenant FROM found WHERE tenant IS NOT NULL
$$;

-- Jobs that ran before. One whose worker was lost may have ended it: it runs alone, so that it takes no other job along.
-- must_empty: such a job waits for this worker, which is busy.
CREATE FUNCTION evalrun.take_again(my_worker text, my_host text, my_class text, running bigint, lease_time bigint, now bigint,
                                   OUT one evalrun.job, OUT must_empty boolean) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_sort = off AS $$
DECLARE
  seen record;
BEGIN
  must_empty := false;
  FOR seen IN
    SELECT id, class, tried, losses, reserved, reserved_until FROM evalrun.job WHERE state = 'waiting' AND ran_before
      ORDER BY sequence LIMIT 64
  LOOP
    CONTINUE WHEN seen.class <> '' AND seen.class <> my_class;
    CONTINUE WHEN my_host = ANY (seen.tried) AND NOT evalrun.all_live_hosts_are_in(seen.tried, seen.class, now);
    IF seen.losses > 0 AND running > 0 THEN
      -- One worker ends what it runs for it, not all of them.
      UPDATE evalrun.job SET reserved = my_worker, reserved_until = now + lease_time WHERE id = seen.id AND state = 'waiting'
        AND (reserved IS NULL OR reserved = my_worker OR reserved_until < now);
      CONTINUE WHEN NOT FOUND;
      must_empty := true;
      RETURN;
    END IF;
    SELECT * INTO one FROM evalrun.job WHERE id = seen.id AND state = 'waiting' AND ran_before FOR UPDATE SKIP LOCKED;
    IF FOUND THEN RETURN; END IF;
  END LOOP;
END $$;

-- The next job of the tenant that was charged the least. `extra`: what this very claim has charged.
CREATE FUNCTION evalrun.take_of_least_charged(its_priority smallint, my_class text, extra jsonb, OUT one evalrun.job, OUT charged bigint)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_sort = off AS $$
DECLARE
  next_one record;
BEGIN
  FOR next_one IN
    SELECT c.class, w.tenant, coalesce(t.charged, 0) + coalesce((extra ->> w.tenant)::bigint, 0) AS value
      FROM (SELECT DISTINCT unnest(ARRAY['', my_class]) AS class) c, LATERAL evalrun.waiting_tenants(its_priority, c.class) w (tenant)
      LEFT JOIN evalrun.tenant t ON t.name = w.tenant ORDER BY value, w.tenant, c.class
  LOOP
    SELECT * INTO one FROM evalrun.job WHERE state = 'waiting' AND NOT ran_before AND priority = its_priority
      AND class = next_one.class AND tenant = next_one.tenant ORDER BY priority, class, tenant, sequence LIMIT 1
      FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
      charged := next_one.value;
      RETURN;
    END IF;
  END LOOP;
END $$;

-- Answers a row for each job, and at the end one whose last column is "drain", "alone" or "".
CREATE FUNCTION evalrun.claim(a bytea[])
RETURNS TABLE (id bytea, token bytea, line bytea, plan bytea, waited bytea, attempt bytea, is_alone bytea, head bytea, doubt bytea)
LANGUAGE plpgsql AS $$
DECLARE
  now bigint := evalrun.time_of(a[1]);
  my_worker text := evalrun.text_of(a[2]);
  my_class text := evalrun.text_of(a[4]);
  running bigint := evalrun.number_of(a[6]);
  lease_time bigint := evalrun.number_of(a[7]);
  priorities smallint[];
  taken record;
  one evalrun.job;
  must_empty boolean := false;
  charged bigint;
  its_estimate bigint;
  its_token bigint;
  extra jsonb := '{}';
BEGIN
  PERFORM evalrun.need_not_wait_for_the_disk();
  IF EXISTS (SELECT FROM evalrun.worker WHERE name = my_worker AND must_drain) THEN
    RETURN QUERY SELECT NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea,
      evalrun.bytes_of('drain');
    RETURN;
  END IF;
  PERFORM evalrun.add_up();
  FOR i IN 1..evalrun.number_of(a[5]) LOOP
    charged := NULL;
    SELECT * INTO taken FROM evalrun.take_again(my_worker, evalrun.text_of(a[3]), my_class, running, lease_time, now);
    one := taken.one;
    must_empty := taken.must_empty;
    EXIT WHEN must_empty;
    IF one.id IS NULL THEN
      -- One claim in so many begins with the lowest priority.
      priorities := CASE WHEN nextval('evalrun.turns') % 20 = 0 THEN ARRAY[2, 1, 0] ELSE ARRAY[0, 1, 2] END;
      FOR p IN 1..3 LOOP
        SELECT * INTO taken FROM evalrun.take_of_least_charged(priorities[p], my_class, extra);
        one := taken.one;
        charged := taken.charged;
        EXIT WHEN one.id IS NOT NULL;
      END LOOP;
    END IF;
    EXIT WHEN one.id IS NULL;
    IF charged IS NOT NULL THEN INSERT INTO evalrun.ledger (kind, name, amount) VALUES ('floor', '', charged); END IF;
    SELECT coalesce((SELECT t.mean FROM evalrun.tenant t WHERE t.name = one.tenant), 10000) INTO its_estimate;
    PERFORM evalrun.charge(one.tenant, its_estimate);
    extra := extra || jsonb_build_object(one.tenant, coalesce((extra ->> one.tenant)::bigint, 0) + its_estimate);
    UPDATE evalrun.job j SET state = 'leased', token = j.token + 1, worker = my_worker, host = evalrun.text_of(a[3]), started = now,
      lease = lease_time, lease_until = now + lease_time, is_graced = false, estimate = its_estimate
      WHERE j.id = one.id RETURNING j.token INTO its_token;
    running := running + 1;
    RETURN QUERY SELECT one.id, evalrun.bytes_of(its_token::text), one.line, evalrun.bytes_of(one.plan),
      evalrun.bytes_of((now - one.submitted)::text), evalrun.bytes_of((one.losses + one.faults + 1)::text),
      evalrun.bytes_of(CASE WHEN one.losses > 0 THEN '1' ELSE '0' END), one.head, coalesce(one.doubt, '');
    EXIT WHEN one.losses > 0;
  END LOOP;
  RETURN QUERY SELECT NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea,
    evalrun.bytes_of(CASE WHEN must_empty THEN 'alone' ELSE '' END);
END $$;

-- Answers "drain" or "", then for each job "ok", "lost", "cancelled" or "late".
CREATE FUNCTION evalrun.beat(a bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  now bigint := evalrun.time_of(a[1]);
  my_worker text := evalrun.text_of(a[2]);
  lease_time bigint := evalrun.number_of(a[7]);
  is_told boolean;
  one record;
  word text;
  words text[] := '{}';
BEGIN
  PERFORM evalrun.need_not_wait_for_the_disk();
  INSERT INTO evalrun.worker (name, host, class, jobs, version, seen)
    VALUES (my_worker, evalrun.text_of(a[3]), evalrun.text_of(a[4]), evalrun.number_of(a[5]), evalrun.text_of(a[6]), now)
    ON CONFLICT (name) DO UPDATE SET host = excluded.host, class = excluded.class, jobs = excluded.jobs,
      version = excluded.version, seen = now, ended = NULL
    RETURNING must_drain INTO is_told;
  FOR i IN 9..array_length(a, 1) BY 3 LOOP
    SELECT state, token, worker, started, is_cancelled INTO one FROM evalrun.job WHERE id = a[i] FOR UPDATE;
    IF NOT FOUND OR one.state <> 'leased' OR one.token <> evalrun.number_of(a[i + 1]) OR one.worker <> my_worker THEN
      word := 'lost';
      PERFORM evalrun.count('lost');
    ELSIF now > one.started + evalrun.number_of(a[i + 2]) THEN
      word := 'late';
    ELSE
      word := CASE WHEN one.is_cancelled THEN 'cancelled' ELSE 'ok' END;
      UPDATE evalrun.job SET lease = lease_time, lease_until = now + lease_time, is_graced = false WHERE id = a[i];
    END IF;
    words := words || word;
  END LOOP;
  IF a[8] = '1' THEN
    FOR one IN SELECT * FROM evalrun.job WHERE state = 'leased' AND worker = my_worker
      AND NOT id = ANY (ARRAY(SELECT a[i] FROM generate_series(9, array_length(a, 1), 3) i)) FOR UPDATE
    LOOP
      PERFORM evalrun.charge(one.tenant, -one.estimate);
      PERFORM evalrun.put_back(one.id, now);
    END LOOP;
  END IF;
  RETURN NEXT evalrun.bytes_of(CASE WHEN is_told THEN 'drain' ELSE '' END);
  RETURN QUERY SELECT evalrun.bytes_of(w) FROM unnest(words) WITH ORDINALITY u (w, place) ORDER BY place;
END $$;

-- The job if this worker owns it, and its batch's lock. Null columns: it does not.
CREATE FUNCTION evalrun.owned(job_id bytea, its_token bigint, my_worker text) RETURNS evalrun.job LANGUAGE plpgsql AS $$
DECLARE
  one evalrun.job;
BEGIN
  PERFORM evalrun.write_results(batch) FROM evalrun.job WHERE id = job_id;
  SELECT * INTO one FROM evalrun.job WHERE id = job_id AND state = 'leased' AND token = its_token AND worker = my_worker FOR UPDATE;
  RETURN one;
END $$;

CREATE FUNCTION evalrun.complete(a bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql AS $$
DECLARE
  now bigint := evalrun.time_of(a[1]);
  my_worker text := evalrun.text_of(a[2]);
  used bigint := evalrun.number_of(a[6]);
  one evalrun.job := evalrun.owned(a[3], evalrun.number_of(a[4]), my_worker);
BEGIN
  IF one.id IS NULL THEN
    IF EXISTS (SELECT FROM evalrun.job WHERE id = a[3] AND state = 'done' AND token = evalrun.number_of(a[4]) AND worker = my_worker) THEN
      RETURN NEXT evalrun.bytes_of('repeated');
      RETURN;
    END IF;
    PERFORM evalrun.count('dropped');
    RETURN NEXT evalrun.bytes_of('dropped');
    RETURN;
  END IF;
  PERFORM evalrun.charge(one.tenant, used - one.estimate);
  INSERT INTO evalrun.ledger (kind, name, amount) VALUES ('used', one.tenant, used);
  INSERT INTO evalrun.worker AS w (name, completed) VALUES (my_worker, 1) ON CONFLICT (name) DO UPDATE SET completed = w.completed + 1;
  PERFORM evalrun.count('done');
  PERFORM evalrun.finish(one.id, a[5], now);
  RETURN NEXT evalrun.bytes_of('stored');
END $$;

CREATE FUNCTION evalrun.give_back(a bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql AS $$
DECLARE
  now bigint := evalrun.time_of(a[1]);
  my_worker text := evalrun.text_of(a[2]);
  how text := evalrun.text_of(a[5]);
  one evalrun.job := evalrun.owned(a[3], evalrun.number_of(a[4]), my_worker);
BEGIN
  IF one.id IS NULL THEN
    PERFORM evalrun.count('dropped');
    RETURN NEXT evalrun.bytes_of('dropped');
    RETURN;
  END IF;
  PERFORM evalrun.charge(one.tenant, -one.estimate);
  IF one.is_cancelled THEN
    PERFORM evalrun.finish_cancelled(one, 'cancelled', now);
    RETURN NEXT evalrun.bytes_of('done');
    RETURN;
  END IF;
  IF how <> 'release' THEN
    IF NOT one.host = ANY (one.tried) THEN one.tried := one.tried || one.host; END IF;
    IF how <> 'doubt' THEN
      one.why := evalrun.with_reason(one.why, evalrun.bytes_of(one.host || ': ') || a[6] || evalrun.bytes_of(E'\n'));
    END IF;
    IF how = 'fault' THEN one.faults := one.faults + 1; END IF;
    UPDATE evalrun.job SET tried = one.tried, why = one.why, faults = one.faults WHERE id = one.id;
    IF how = 'fault' THEN
      PERFORM evalrun.count('faults');
      INSERT INTO evalrun.worker AS w (name, faults) VALUES (my_worker, 1) ON CONFLICT (name) DO UPDATE SET faults = w.faults + 1;
      IF one.faults >= 3 THEN
        PERFORM evalrun.give_up(one.id, a[7], one.why, now);
        RETURN NEXT evalrun.bytes_of('dead');
        RETURN;
      END IF;
    ELSIF evalrun.all_live_hosts_are_in(one.tried, one.class, now) OR (how = 'doubt' AND one.doubt IS NOT NULL) THEN
      PERFORM evalrun.count('done');
      PERFORM evalrun.finish(one.id, a[7], now);
      RETURN NEXT evalrun.bytes_of('done');
      RETURN;
    END IF;
    IF how = 'doubt' THEN UPDATE evalrun.job SET doubt = a[6] WHERE id = one.id; END IF;
  END IF;
  PERFORM evalrun.put_back(one.id, now);
  RETURN NEXT evalrun.bytes_of('back');
END $$;

-- What nobody will ask for any more; a piece at a time.
CREATE FUNCTION evalrun.clean(now bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  week constant bigint := 7 * 24 * 3600000::bigint;
BEGIN
  DELETE FROM evalrun.result WHERE entry IN (
    SELECT entry FROM (SELECT entry, stored FROM evalrun.result ORDER BY entry LIMIT 500) oldest WHERE stored < now - week);
  DELETE FROM evalrun.job WHERE id IN (SELECT id FROM evalrun.job WHERE state = 'done' AND ended < now - week LIMIT 500 FOR UPDATE SKIP LOCKED);
  DELETE FROM evalrun.job WHERE id IN (SELECT id FROM evalrun.job WHERE state = 'dead' AND ended < now - week LIMIT 500 FOR UPDATE SKIP LOCKED);
  DELETE FROM evalrun.plan WHERE put < now - 4 * week AND NOT EXISTS (
    SELECT FROM evalrun.job WHERE state IN ('waiting', 'leased', 'dead') AND job.plan = digest);
  DELETE FROM evalrun.worker WHERE name IN (SELECT name FROM evalrun.worker WHERE seen < now - 24 * 3600000::bigint FOR UPDATE SKIP LOCKED);
END $$;

-- Answers how many jobs were taken back and how many given up.
CREATE FUNCTION evalrun.reclaim(a bytea[]) RETURNS TABLE (back bytea, dead bytea) LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  now bigint := evalrun.time_of(a[1]);
  one evalrun.job;
  jobs_back integer := 0;
  jobs_dead integer := 0;
BEGIN
  PERFORM evalrun.clean(now);
  -- The clock has gone back: no lease is that long.
  UPDATE evalrun.job SET lease_until = now + lease WHERE id IN (
    SELECT id FROM evalrun.job WHERE state = 'leased' AND lease_until >= now + 3600000 LIMIT 64 FOR UPDATE SKIP LOCKED);
  FOR one IN SELECT * FROM evalrun.job WHERE state = 'leased' AND lease_until <= now ORDER BY lease_until
    LIMIT evalrun.number_of(a[2]) FOR UPDATE SKIP LOCKED
  LOOP
    IF NOT one.is_graced THEN
      UPDATE evalrun.job SET is_graced = true, lease_until = now + one.lease / 2 WHERE id = one.id;
      CONTINUE;
    END IF;
    PERFORM evalrun.charge(one.tenant, -one.estimate);
    PERFORM evalrun.count('reclaimed');
    one.losses := one.losses + 1;
    IF EXISTS (SELECT FROM evalrun.worker WHERE name = one.worker AND completed > 0) THEN one.good := one.good + 1; END IF;
    one.why := evalrun.with_reason(one.why, evalrun.bytes_of(one.worker || E': lost\n'));
    UPDATE evalrun.job SET losses = one.losses, good = one.good, why = one.why WHERE id = one.id;
    IF one.is_cancelled THEN
      PERFORM evalrun.write_results(one.batch);
      PERFORM evalrun.finish_cancelled(one, 'cancelled', now);
    ELSIF (one.losses >= 3 AND one.good >= 2) OR one.losses >= 6 THEN
      jobs_dead := jobs_dead + 1;
      PERFORM evalrun.write_results(one.batch);
      PERFORM evalrun.give_up(one.id, evalrun.made_result(one.head, one.plan, 'IE',
        'given up: ' || one.losses || ' workers were lost while they ran it'), one.why, now);
    ELSE
      jobs_back := jobs_back + 1;
      PERFORM evalrun.put_back(one.id, now);
    END IF;
  END LOOP;
  RETURN QUERY SELECT evalrun.bytes_of(jobs_back::text), evalrun.bytes_of(jobs_dead::text);
END $$;

CREATE FUNCTION evalrun.leave(a bytea[]) RETURNS SETOF bytea LANGUAGE sql VOLATILE AS
  $$ UPDATE evalrun.worker SET ended = evalrun.text_of(a[3]) WHERE name = evalrun.text_of(a[2]) RETURNING ''::bytea $$;

CREATE FUNCTION evalrun.read_results(a bytea[]) RETURNS TABLE (entry bytea, id bytea, line bytea) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_sort = off AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(1702000641, evalrun.lock_of(a[2]));
  RETURN QUERY SELECT evalrun.bytes_of(r.entry::text), r.id, r.line FROM evalrun.result r
    WHERE r.batch = a[2] AND r.entry > CASE WHEN a[3] = '' THEN 0 ELSE evalrun.number_of(a[3]) END
    ORDER BY r.batch, r.entry LIMIT evalrun.number_of(a[4]);
END $$;

-- Whoever has the results needs them here no longer. A job that was given up is kept for `evalrun fleet retry`.
CREATE FUNCTION evalrun.forget(a bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 3..array_length(a, 1) BY 2 LOOP
    DELETE FROM evalrun.result WHERE entry = evalrun.number_of(a[i]) AND batch = a[2];
    DELETE FROM evalrun.job WHERE id = a[i + 1] AND state = 'done';
  END LOOP;
END $$;

CREATE FUNCTION evalrun.unfinished(a bytea[]) RETURNS SETOF bytea LANGUAGE sql VOLATILE AS
  $$ SELECT id FROM evalrun.job WHERE batch = a[2] AND state IN ('waiting', 'leased') $$;

-- Answers how many were cancelled before they ran, and how many are told to stop.
CREATE FUNCTION evalrun.cancel(a bytea[]) RETURNS TABLE (ended bytea, told bytea) LANGUAGE plpgsql AS $$
DECLARE
  now bigint := evalrun.time_of(a[1]);
  one evalrun.job;
  jobs_ended integer := 0;
  jobs_told integer := 0;
BEGIN
  PERFORM evalrun.write_results(batch) FROM (SELECT DISTINCT batch FROM evalrun.job WHERE id = ANY (a[2:])) b;
  FOR one IN SELECT * FROM evalrun.job WHERE id = ANY (a[2:]) AND state IN ('waiting', 'leased') ORDER BY id FOR UPDATE LOOP
    IF one.state = 'waiting' THEN
      PERFORM evalrun.finish_cancelled(one, 'cancelled before it ran', now);
      jobs_ended := jobs_ended + 1;
    ELSE
      UPDATE evalrun.job SET is_cancelled = true WHERE id = one.id;
      jobs_told := jobs_told + 1;
    END IF;
  END LOOP;
  RETURN QUERY SELECT evalrun.bytes_of(jobs_ended::text), evalrun.bytes_of(jobs_told::text);
END $$;

CREATE FUNCTION evalrun.dead(a bytea[]) RETURNS TABLE (id bytea, batch bytea, why bytea) LANGUAGE sql VOLATILE AS $$
  SELECT id, batch, why FROM evalrun.job WHERE state = 'dead' ORDER BY ended, id LIMIT evalrun.number_of(a[2])
$$;

-- The result that said so is withdrawn where it is still there. Answers how many are tried again.
CREATE FUNCTION evalrun.retry(a bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql AS $$
DECLARE
  now bigint := evalrun.time_of(a[1]);
  one evalrun.job;
  tried_again integer := 0;
BEGIN
  FOR one IN SELECT * FROM evalrun.job WHERE id = ANY (a[2:]) AND state = 'dead' ORDER BY id FOR UPDATE LOOP
    DELETE FROM evalrun.result WHERE entry = one.entry;
    PERFORM evalrun.begin_where_the_others_are(one.tenant, one.priority, one.class);
    UPDATE evalrun.job SET state = 'waiting', ran_before = false, waiting_since = now, entry = NULL, ended = NULL, losses = 0,
      good = 0, faults = 0, tried = '{}', why = '', doubt = NULL, worker = NULL, host = NULL, reserved = NULL WHERE id = one.id;
    tried_again := tried_again + 1;
  END LOOP;
  RETURN NEXT evalrun.bytes_of(tried_again::text);
END $$;

-- Names of workers or hosts; none: all. Answers how many workers were told.
CREATE FUNCTION evalrun.drain(a bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql AS $$
DECLARE
  told integer;
BEGIN
  UPDATE evalrun.worker SET must_drain = true WHERE ended IS NULL AND seen >= evalrun.time_of(a[1]) - 3600000
    AND (array_length(a, 1) = 1 OR name IN (SELECT evalrun.text_of(w) FROM unnest(a[2:]) w)
         OR host IN (SELECT evalrun.text_of(w) FROM unnest(a[2:]) w));
  GET DIAGNOSTICS told = ROW_COUNT;
  RETURN NEXT evalrun.bytes_of(told::text);
END $$;

-- Answers one JSON object.
CREATE FUNCTION evalrun.status(a bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql AS $$
DECLARE
  now bigint := evalrun.time_of(a[1]);
BEGIN
  PERFORM evalrun.need_not_wait_for_the_disk();
  PERFORM pg_advisory_xact_lock(1702000642, 0);
  WHILE EXISTS (SELECT FROM evalrun.ledger) LOOP PERFORM evalrun.add_up_rows(); END LOOP;
  RETURN QUERY
    WITH waiting AS (
      SELECT tenant, count(*) AS jobs, min(waiting_since) AS since FROM evalrun.job WHERE state = 'waiting' GROUP BY tenant
    )
    SELECT evalrun.bytes_of(json_build_object(
      'waiting', (SELECT coalesce(sum(jobs), 0) FROM waiting),
      'again', (SELECT count(*) FROM evalrun.job WHERE state = 'waiting' AND ran_before),
      'running', (SELECT count(*) FROM evalrun.job WHERE state = 'leased'),
      'dead', (SELECT count(*) FROM evalrun.job WHERE state = 'dead'),
      'oldest_ms', (SELECT coalesce(greatest(0, now - min(since)), 0) FROM waiting),
      'waiting_cpu_us', (SELECT coalesce(sum(w.jobs * coalesce(t.mean, 0)), 0) FROM waiting w LEFT JOIN evalrun.tenant t ON t.name = w.tenant),
      'tenants', (SELECT coalesce(json_agg(json_build_object('name', t.name, 'cpu_us', t.used, 'waiting', coalesce(w.jobs, 0))
                    ORDER BY t.name), '[]') FROM evalrun.tenant t LEFT JOIN waiting w ON w.tenant = t.name WHERE t.used IS NOT NULL),
      'workers', (SELECT coalesce(json_agg(json_build_object('name', w.name, 'host', w.host, 'class', w.class, 'version', w.version,
                    'jobs', w.jobs, 'running', (SELECT count(*) FROM evalrun.job j WHERE j.state = 'leased' AND j.worker = w.name),
                    'completed', w.completed, 'faults', w.faults, 'draining', w.must_drain, 'silent_ms', greatest(0, now - w.seen))
                    ORDER BY w.name), '[]')
                  FROM evalrun.worker w WHERE w.ended IS NULL AND w.seen >= now - 3600000),
      'stats', (SELECT coalesce(json_object_agg(name, value), '{}') FROM evalrun.stat))::text);
END $$;
