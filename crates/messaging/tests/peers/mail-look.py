"""Looks at a mail with other libraries than ours: Python's email and dkimpy.

Arguments: folder with dkimpy, public key in PEM. The mail comes by standard input.
"""
import email
import email.policy
import json
import sys

sys.path.insert(0, sys.argv[1])
import dkim  # noqa: E402

raw = sys.stdin.buffer.read()
lines = open(sys.argv[2]).read().strip().splitlines()[1:-1]
record = b"v=DKIM1; k=rsa; p=" + "".join(lines).encode()


def dns(name, timeout=5):
    return record if name == b"city._domainkey.haneul.example." else None


message = email.message_from_bytes(raw, policy=email.policy.default)
sender = message["From"].addresses[0]
files = list(message.iter_attachments())
print(json.dumps({
    "subject": message["Subject"],
    "sender": [sender.display_name, sender.addr_spec],
    "recipient": message["To"].addresses[0].display_name,
    "reply_to": message["Reply-To"].addresses[0].addr_spec,
    "message_id": message["Message-ID"],
    "text": message.get_body(("plain",)).get_content().replace("\r\n", "\n"),
    "files": [[f.get_filename(), f.get_content_type(), f.get_content().hex()] for f in files],
    "signed": dkim.verify(raw, dnsfunc=dns),
    "signed_when_changed": dkim.verify(raw.replace(b"Subject: ", b"Subject: x"), dnsfunc=dns),
    "signed_when_added": [dkim.verify(b"%s: x\r\n" % n + raw, dnsfunc=dns) for n in (b"Cc", b"Subject", b"Content-Type")],
}))
