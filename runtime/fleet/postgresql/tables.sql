-- The tables of a queue in PostgreSQL, and what its steps have in common. All of it is in the schema `evalrun`.
-- Times are the server's, in milliseconds since 1970; CPU times are in microseconds. Ids and lines may hold any bytes.
CREATE SCHEMA evalrun;

-- floor: what the tenant was charged that was served last. One that was idle begins there.
CREATE TABLE evalrun.about (version integer NOT NULL, floor bigint NOT NULL DEFAULT 0);

CREATE SEQUENCE evalrun.turns;

CREATE TABLE evalrun.job (
  id bytea PRIMARY KEY,
  batch bytea NOT NULL,
  tenant text NOT NULL,
  priority smallint NOT NULL,
  class text NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'done', 'dead')),
  plan text NOT NULL,
  head bytea NOT NULL,
  line bytea NOT NULL,
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  submitted bigint NOT NULL,
  waiting_since bigint NOT NULL,
  ran_before boolean NOT NULL DEFAULT false,
  token bigint NOT NULL DEFAULT 0,
  worker text,
  host text,
  started bigint,
  lease bigint,
  lease_until bigint,
  is_graced boolean NOT NULL DEFAULT false,
  estimate bigint,
  losses integer NOT NULL DEFAULT 0,
  good integer NOT NULL DEFAULT 0,
  faults integer NOT NULL DEFAULT 0,
  tried text[] NOT NULL DEFAULT '{}',
  why bytea NOT NULL DEFAULT '',
  doubt bytea,
  reserved text,
  reserved_until bigint,
  is_cancelled boolean NOT NULL DEFAULT false,
  entry bigint,
  ended bigint
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.1);
CREATE INDEX job_in_order ON evalrun.job (priority, class, tenant, sequence) WHERE state = 'waiting' AND NOT ran_before;
CREATE INDEX job_again ON evalrun.job (sequence) WHERE state = 'waiting' AND ran_before;
CREATE INDEX job_of_tenant ON evalrun.job (tenant) WHERE state = 'waiting';
CREATE INDEX job_leased ON evalrun.job (lease_until) WHERE state = 'leased';
CREATE INDEX job_of_batch ON evalrun.job (batch) WHERE state IN ('waiting', 'leased');
CREATE INDEX job_ended ON evalrun.job (state, ended) WHERE state IN ('done', 'dead');

CREATE TABLE evalrun.result (
  entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  batch bytea NOT NULL,
  id bytea NOT NULL,
  line bytea NOT NULL,
  stored bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX result_of_batch ON evalrun.result (batch, entry);

-- The name stands as JSON has it.
CREATE TABLE evalrun.plan (digest text PRIMARY KEY, name bytea NOT NULL, bundle bytea NOT NULL, put bigint NOT NULL);

-- seen: null before the first beat. ended: why it left.
CREATE TABLE evalrun.worker (
  name text PRIMARY KEY,
  host text,
  class text NOT NULL DEFAULT '',
  jobs integer NOT NULL DEFAULT 0,
  version text NOT NULL DEFAULT '',
  seen bigint,
  completed bigint NOT NULL DEFAULT 0,
  faults bigint NOT NULL DEFAULT 0,
  must_drain boolean NOT NULL DEFAULT false,
  ended text
) WITH (fillfactor = 50);

CREATE TABLE evalrun.tenant (
  name text PRIMARY KEY,
  charged bigint NOT NULL DEFAULT 0,
  mean bigint,
  used bigint
) WITH (fillfactor = 50);
CREATE TABLE evalrun.stat (name text PRIMARY KEY, value bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50);

-- What is to be added to `tenant` and `stat`. Rows that every step would change would be waited for by every step until the
-- disk has the one before; so steps only add a row here, and whoever finds nobody else at it adds them up.
CREATE TABLE evalrun.ledger (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,  -- charge, used: of the tenant `name`; stat: of that name; floor
  name text NOT NULL,
  amount bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02);

-- --- words -------------------------------------------------------------------------------------------------------------

CREATE FUNCTION evalrun.text_of(word bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT convert_from(word, 'UTF8') $$;
CREATE FUNCTION evalrun.number_of(word bytea) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT convert_from(word, 'UTF8')::bigint $$;
CREATE FUNCTION evalrun.bytes_of(word text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT convert_to(word, 'UTF8') $$;

-- Of the server: no host's clock matters. A test brings its own.
CREATE FUNCTION evalrun.time_of(word bytea) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN evalrun.number_of(word) <> 0 THEN evalrun.number_of(word)
    ELSE floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint END
$$;

-- --- locks -------------------------------------------------------------------------------------------------------------

-- An entry's number is given before its row can be seen. Whoever writes a result holds the batch's lock with others until
-- the row is there; whoever reads holds it alone, so no result appears later at a place before the last one that was read.
CREATE FUNCTION evalrun.lock_of(name bytea) RETURNS integer LANGUAGE sql IMMUTABLE AS
  $$ SELECT ('x' || substr(md5(name), 1, 8))::bit(32)::integer $$;
CREATE FUNCTION evalrun.write_results(batch bytea) RETURNS void LANGUAGE sql VOLATILE AS
  $$ SELECT pg_advisory_xact_lock_shared(1702000641, evalrun.lock_of(batch)) $$;

-- What is lost of such a step when the server is killed is made good by later ones: a job whose claim was lost waits again. Its
-- next claim has the same token, but another worker, or the same one, for which both are one job.
CREATE FUNCTION evalrun.need_not_wait_for_the_disk() RETURNS void LANGUAGE sql VOLATILE AS
  $$ SELECT set_config('synchronous_commit', 'off', true) $$;

-- --- what is added up --------------------------------------------------------------------------------------------------

CREATE FUNCTION evalrun.count(what text) RETURNS void LANGUAGE sql VOLATILE AS
  $$ INSERT INTO evalrun.ledger (kind, name, amount) VALUES ('stat', what, 1) $$;

-- Tenants share by measured CPU time.
CREATE FUNCTION evalrun.charge(tenant text, microseconds bigint) RETURNS void LANGUAGE sql VOLATILE AS
  $$ INSERT INTO evalrun.ledger (kind, name, amount) SELECT 'charge', tenant, microseconds WHERE microseconds <> 0 $$;

CREATE FUNCTION evalrun.add_up_rows() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one record;
BEGIN
  FOR one IN
    WITH taken AS (
      DELETE FROM evalrun.ledger WHERE id IN (SELECT l.id FROM evalrun.ledger l ORDER BY l.id LIMIT 4096) RETURNING *
    ) SELECT * FROM taken ORDER BY id
  LOOP
    IF one.kind = 'stat' THEN
      INSERT INTO evalrun.stat AS s (name, value) VALUES (one.name, one.amount)
        ON CONFLICT (name) DO UPDATE SET value = s.value + one.amount;
    ELSIF one.kind = 'charge' THEN
      INSERT INTO evalrun.tenant AS t (name, charged) VALUES (one.name, one.amount)
        ON CONFLICT (name) DO UPDATE SET charged = t.charged + one.amount;
    ELSIF one.kind = 'used' THEN
      INSERT INTO evalrun.tenant AS t (name, used, mean) VALUES (one.name, one.amount, one.amount)
        ON CONFLICT (name) DO UPDATE SET used = coalesce(t.used, 0) + one.amount,
          mean = coalesce(t.mean + floor((one.amount - t.mean) / 8.0)::bigint, one.amount);
    ELSE
      UPDATE evalrun.about SET floor = one.amount;
    END IF;
  END LOOP;
END $$;

-- One does it at a time; another one goes on with what was added up before.
CREATE FUNCTION evalrun.add_up() RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF pg_try_advisory_xact_lock(1702000642, 0) THEN PERFORM evalrun.add_up_rows(); END IF;
END $$;

-- --- what steps have in common -------------------------------------------------------------------------------------------

-- Only a tenant without waiting jobs there: it saves nothing up.
CREATE FUNCTION evalrun.begin_where_the_others_are(tenant_name text, its_priority smallint, its_class text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM evalrun.job WHERE state = 'waiting' AND NOT ran_before AND priority = its_priority
             AND class = its_class AND tenant = tenant_name) THEN
    RETURN;
  END IF;
  INSERT INTO evalrun.tenant AS t (name, charged) SELECT tenant_name, a.floor FROM evalrun.about a
    ON CONFLICT (name) DO UPDATE SET charged = excluded.charged WHERE t.charged < excluded.charged;
END $$;

-- Of the workers that may run a job of this class.
CREATE FUNCTION evalrun.all_live_hosts_are_in(hosts text[], its_class text, now bigint) RETURNS boolean LANGUAGE sql VOLATILE AS $$
  SELECT NOT EXISTS (SELECT FROM evalrun.worker WHERE ended IS NULL AND seen >= now - 60000 AND its_class IN ('', class)
                     AND NOT host = ANY (hosts))
$$;

-- A job that ran before is seen by every claim before all others.
CREATE FUNCTION evalrun.put_back(job_id bytea, now bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
  UPDATE evalrun.job SET state = 'waiting', ran_before = true, waiting_since = now, worker = NULL, host = NULL,
    reserved = NULL, reserved_until = NULL WHERE id = job_id
$$;

-- The one line that the producer gets. Its batch's lock must be held.
CREATE FUNCTION evalrun.finish(job_id bytea, result_line bytea, now bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
  WITH finished AS (
    UPDATE evalrun.job SET state = 'done', ended = now, line = '', head = '', why = '', tried = '{}', doubt = NULL
      WHERE id = job_id RETURNING batch
  )
  INSERT INTO evalrun.result (batch, id, line, stored) SELECT batch, job_id, result_line, now FROM finished
$$;

-- Given up: its line stays, so that `evalrun fleet retry` can try it once more.
CREATE FUNCTION evalrun.give_up(job_id bytea, result_line bytea, reasons bytea, now bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  its_batch bytea;
  its_entry bigint;
BEGIN
  PERFORM evalrun.count('dead');
  SELECT batch INTO its_batch FROM evalrun.job WHERE id = job_id;
  INSERT INTO evalrun.result (batch, id, line, stored) VALUES (its_batch, job_id, result_line, now) RETURNING entry INTO its_entry;
  UPDATE evalrun.job SET state = 'dead', why = reasons, ended = now, entry = its_entry WHERE id = job_id;
END $$;

-- A result that no sandbox made. The message is ours.
CREATE FUNCTION evalrun.made_result(head bytea, plan text, verdict text, message text) RETURNS bytea LANGUAGE sql VOLATILE AS $$
  SELECT head || evalrun.bytes_of('"result":{"version":1,"plan":{"name":') ||
    coalesce((SELECT name FROM evalrun.plan p WHERE p.digest = made_result.plan), evalrun.bytes_of('""')) ||
    evalrun.bytes_of('},"verdict":"' || verdict || '","outcome":' ||
      CASE verdict WHEN 'CANCELLED' THEN '{"kind":"cancelled"}'
        ELSE '{"kind":"sandbox_error","stage":"fleet","operation":"give up","subject":"","retryable":false}' END ||
      ',"message":' || to_json(message)::text || '}}')
$$;

CREATE FUNCTION evalrun.finish_cancelled(one evalrun.job, message text, now bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM evalrun.count('cancelled');
  PERFORM evalrun.finish(one.id, evalrun.made_result(one.head, one.plan, 'CANCELLED', message), now);
END $$;

-- The last bytes of it.
CREATE FUNCTION evalrun.with_reason(before bytea, reason bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT substr(before || reason, greatest(1, length(before || reason) - 3999))
$$;
