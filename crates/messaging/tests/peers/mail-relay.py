"""A relay (Python's smtplib) that delivers a mail to our listener and prints what it was told.

Arguments: lmtp or smtp, port, sender, recipients separated by commas. The mail comes by standard
input.
"""
import json
import re
import smtplib
import sys

protocol, port, sender, recipients = sys.argv[1:5]
raw = sys.stdin.buffer.read()
client = {"lmtp": smtplib.LMTP, "smtp": smtplib.SMTP}[protocol]("127.0.0.1", int(port))
client.ehlo()
answer = {"offers": sorted(client.esmtp_features), "refused": {}}
client.mail(sender, ["BODY=8BITMIME"])
accepted = []
for to in recipients.split(","):
    code, _ = client.rcpt(to)
    if code == 250:
        accepted.append(to)
    else:
        answer["refused"][to] = code
if protocol == "smtp":
    code, _ = client.data(raw)
    answer["refused"].update({to: code for to in accepted if code != 250})
elif accepted:
    # smtplib reads one answer after the message; LMTP has one for each recipient.
    assert client.docmd("data")[0] == 354
    client.send(re.sub(rb"(?m)^\.", b"..", raw) + b"\r\n.\r\n")
    for to in accepted:
        code, _ = client.getreply()
        if code != 250:
            answer["refused"][to] = code
client.quit()
print(json.dumps(answer))
