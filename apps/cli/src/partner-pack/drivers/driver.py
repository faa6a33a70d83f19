import base64, sys
sys.path.insert(0, sys.argv[1])
from verify import verify

for line in sys.stdin:
    secrets, *fields, now, tolerance = line.rstrip("\n").split("\t")
    webhook_id, timestamp, signature, body = [base64.b64decode(field) for field in fields]
    texts = [field.decode("latin-1") for field in (webhook_id, timestamp, signature)]
    try:
        verify([s for s in secrets.split(",") if s], *texts, body, now=int(now), tolerance=int(tolerance))
        print("ok")
    except Exception:
        print("refused")
