"""Uses what openapi-python-client makes of the served document. Prints what it saw as JSON."""

import json
import os

from generated import AuthenticatedClient
from generated.api.deliveries import list_deliveries
from generated.api.endpoints import get_endpoint, put_endpoint
from generated.api.events import send_events
from generated.api.partners import get_partner, put_partner
from generated.models import (
    BreakerDocument,
    EndpointDocument,
    EndpointDocumentBodyType1,
    Error,
    Event,
    EventData,
    OrderDocument,
    PartnerRequest,
    RetryDocument,
)

client = AuthenticatedClient(
    base_url=os.environ["POSTRIDER_URL"], token=os.environ["POSTRIDER_API_KEY"]
)

partner = put_partner.sync_detailed("acme", client=client, body=PartnerRequest(name="Acme"))

# Only what the operator cares for is named: the rest has defaults.
body = EndpointDocumentBodyType1.from_dict(
    {"order": "{data.order}", "fixed": [1, "two", {"three": None}]}
)
document = EndpointDocument(
    url="https://acme.example/postbacks",
    body=body,
    retry=RetryDocument(schedule=["1s", "5s"]),
    breaker=BreakerDocument(),
    order=OrderDocument(),
    enabled=False,
)
stored = put_endpoint.sync_detailed("acme", "orders", client=client, body=document)

data = EventData.from_dict({"order": "o-1"})
event = Event(event_id="order-1", type_="order.paid", data=data)
sent = send_events.sync(client=client, body=event)
listed = list_deliveries.sync(client=client, partner="acme")
read = get_endpoint.sync("acme", "orders", client=client)
missing = get_partner.sync_detailed("nobody", client=client)
assert isinstance(missing.parsed, Error)

print(
    json.dumps(
        {
            "created": partner.status_code,
            "secret": partner.parsed.signing_secret,
            "stored": stored.status_code,
            "accepted": [result.status for result in sent.results],
            "deliveries": [[one.event_id, one.state] for one in listed.deliveries],
            "body": read.body.to_dict(),
            "schedule": read.retry.schedule,
            "breaker": read.breaker.consecutive_failures,
            "hold": read.order.max_hold,
            "missing": [missing.status_code, missing.parsed.error.code],
        }
    )
)
