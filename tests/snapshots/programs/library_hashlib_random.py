import hashlib, random, secrets, uuid
print(hashlib.sha256(b'x').hexdigest(), hashlib.blake2b(b'x').hexdigest()[:9])
random.seed(7); print(random.random(), random.sample(range(100), 5)); print(len(secrets.token_hex(8)), uuid.uuid5(uuid.NAMESPACE_DNS, 'x'))
