"""A citizen with Mastodon.py, the client library. Commands come as JSON lines."""
import json
import queue
import sys
import tempfile

from mastodon import Mastodon, StreamListener


def say(value):
    print(json.dumps(value, default=str), flush=True)


api = Mastodon(
    access_token="alice-token", api_base_url=sys.argv[1], version_check_mode="none",
    ratelimit_method="throw",
)


heard = queue.Queue()


class Listener(StreamListener):
    """Keeps what comes on the live line."""

    def on_notification(self, notification):
        heard.put(notification.status.content)


def act(order):
    verb = order["command"]
    if verb == "listen":
        api.stream_user(Listener(), run_async=True)
        return {}
    if verb == "heard":
        return {"heard": [heard.get(timeout=30)]}
    if verb == "who":
        return {"acct": api.account_verify_credentials().acct}
    if verb == "post":
        media = None
        if order.get("picture"):
            with tempfile.NamedTemporaryFile(suffix=".png") as file:
                file.write(b"\x89PNG hole")
                file.flush()
                media = [api.media_post(file.name, mime_type="image/png", description="hole")]
        status = api.status_post(
            order["text"], visibility=order.get("visibility", "public"),
            in_reply_to_id=order.get("answers"), media_ids=media, language="ko",
            idempotency_key=order.get("key"),
        )
        return {"id": status.id}
    if verb == "edit":
        return {"id": api.status_update(order["id"], order["text"]).id}
    if verb == "delete":
        api.status_delete(order["id"])
        return {}
    if verb == "mentions":
        found = api.notifications(types=["mention"], min_id=order.get("after"))
        return {"mentions": [{
            "id": one.status.id, "text": one.status.content,
            "visibility": one.status.visibility, "answers": one.status.in_reply_to_id,
            "media": [media.description for media in one.status.media_attachments],
            "from": one.account.acct,
        } for one in found]}
    if verb == "context":
        return {"ancestors": [one.id for one in api.status_context(order["id"]).ancestors]}
    raise ValueError(verb)


say({"ready": True})
for line in sys.stdin:
    try:
        say(act(json.loads(line)))
    except Exception as error:  # the test shows it
        say({"error": repr(error)})
