//! Requests as MMSCs write them, own samples made from what is known of them, and what the city
//! writes, read back.

use super::*;
use crate::inlet::HandedIn;
use center::city::ContactId;

const JPEG: [u8; 9] = [0xff, 0xd8, 0xff, 0xe0, 0, 13, 10, 0, 0xd9];

fn settings() -> Settings {
    toml::from_str("name = \"mmsc\"\nnumber = \"120\"\nfetch = { private = true }").unwrap()
}

fn connection(settings: Settings) -> (Mm7, mpsc::Receiver<HandedIn>) {
    let (inlet, handed) = Inlet::new(8);
    (Mm7::new(settings, inlet).unwrap(), handed)
}

/// Takes a request; the first thing handed in and what was answered.
async fn take(media_type: &str, body: &[u8]) -> (Option<Inward>, String) {
    let (mm7, mut handed) = connection(settings());
    let house = tokio::spawn(async move {
        let HandedIn { inward, reply } = handed.recv().await?;
        reply.send(Ok(crate::inlet::Taken::Kept)).unwrap();
        Some(inward)
    });
    let reply = mm7.take(media_type, body).await;
    drop(mm7);
    let Reply::Said(soap) = reply else {
        panic!("later");
    };
    (house.await.unwrap(), soap)
}

async fn message(media_type: &str, body: &[u8]) -> (Incoming, String) {
    match take(media_type, body).await {
        (Some(Inward::Message(message)), soap) => (*message, soap),
        (other, _) => panic!("{other:?}"),
    }
}

/// A request with everything odd that is allowed: no blank after the colon, blanks after the
/// boundary, a nested multipart with slides first, text in EUC-KR, a file as raw octets.
fn odd() -> Vec<u8> {
    let soap = "<?xml version='1.0'?><SOAP-ENV:Envelope xmlns:SOAP-ENV=\"s\"><SOAP-ENV:Header>\
        <mm7p6a0:TransactionID xmlns:mm7p6a0=\"urn:x:MM7-1-2\">\n\t\tt-77\n\t</mm7p6a0:TransactionID>\
        </SOAP-ENV:Header><SOAP-ENV:Body><mm7p6a0:DeliverReq xmlns:mm7p6a0=\"urn:x:MM7-1-2\">\
        <mm7p6a0:MM7Version>6.3.0</mm7p6a0:MM7Version><mm7p6a0:Sender>\n\
        <mm7p6a0:RFC2822Address> +821012345678/TYPE=PLMN\n</mm7p6a0:RFC2822Address></mm7p6a0:Sender>\
        <mm7p6a0:Recipients><mm7p6a0:To><mm7p6a0:ShortCode>120</mm7p6a0:ShortCode></mm7p6a0:To>\
        </mm7p6a0:Recipients><mm7p6a0:TimeStamp>2026-11-24T10:00:00</mm7p6a0:TimeStamp>\
        <mm7p6a0:Subject>구멍 &amp; 물</mm7p6a0:Subject><mm7p6a0:Content/></mm7p6a0:DeliverReq>\
        </SOAP-ENV:Body></SOAP-ENV:Envelope>";
    let mut body = Vec::new();
    for line in [
        "--outer ",
        "Content-Type:text/xml;charset=\"utf-8\"",
        "Content-ID:<start>",
        "",
        soap,
        "--outer ",
        "Content-Type:multipart/related;boundary=inner",
        "Content-ID:<c>",
        "",
        "--inner",
        "Content-Type:application/smil",
        "",
        "<smil><body/></smil>",
        "--inner",
        "Content-Type:text/plain;charset=euc-kr",
        "",
    ] {
        body.extend_from_slice(line.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(&encoding_rs::EUC_KR.encode("길이 패였어요").0);
    body.extend_from_slice(b"\r\n--inner\r\nContent-Type:image/jpeg;name=\"road.jpg\"\r\n");
    body.extend_from_slice(b"Content-Transfer-Encoding:binary\r\n\r\n");
    body.extend_from_slice(&JPEG);
    body.extend_from_slice(b"\r\n--inner--\r\n--outer--\r\n");
    body
}

#[tokio::test]
async fn a_photo_with_every_oddity_comes_whole() {
    let media_type = "multipart/related;type=\"text/xml\";boundary=outer;start=\"<start>\"";
    let (message, answer) = message(media_type, &odd()).await;
    assert_eq!(message.from.value, "+821012345678");
    assert_eq!(
        (message.to.as_str(), message.subject.as_deref()),
        ("120", Some("구멍 & 물"))
    );
    assert_eq!(
        (message.text.as_str(), message.damage),
        ("길이 패였어요", None)
    );
    assert_eq!(message.attachments.len(), 1);
    let file = &message.attachments[0];
    assert_eq!(
        (file.name.as_str(), file.media_type.as_str()),
        ("road.jpg", "image/jpeg")
    );
    assert_eq!(file.bytes, JPEG);
    let answer = Document::read(&answer).unwrap();
    assert_eq!(answer.text("TransactionID"), Some("t-77"));
    assert_eq!(answer.text("StatusCode"), Some("1000"));
    assert_eq!(answer.namespace.as_deref(), Some("urn:x:MM7-1-2"));
    assert!(answer.has("DeliverRsp"));
    // Sent again it is the same message, under whichever transaction.
    let again = String::from_utf8_lossy(&odd()).contains("t-77");
    assert!(again);
    let other: Vec<u8> = odd()
        .iter()
        .map(|octet| if *octet == b'7' { b'8' } else { *octet })
        .collect();
    let (second, _) = self::message(media_type, &odd()).await;
    let (third, _) = self::message(media_type, &other).await;
    assert_eq!(second.key, message.key);
    assert_ne!(third.key, message.key, "another sender");
}

#[tokio::test]
async fn nothing_is_required_but_content() {
    let soap = "<Envelope><Body><DeliverReq xmlns='urn:MM7'><MM7Version>5.3.0</MM7Version>\
                <Content href='cid:x'/></DeliverReq></Body></Envelope>";
    let (message, answer) = message("text/xml; charset=utf-8", soap.as_bytes()).await;
    assert_eq!(
        (message.from.value.as_str(), message.to.as_str()),
        ("", "120")
    );
    assert!(message.attachments.is_empty() && answer.contains("5.3.0"));
}

#[tokio::test]
async fn receipts_are_told_from_states_on_the_way() {
    let report = |state: &str| {
        format!(
            "<e:Envelope xmlns:e='s'><e:Body><m:DeliveryReportReq xmlns:m='urn:MM7'>\
             <m:MessageID>m-1</m:MessageID><m:MMStatus>{state}</m:MMStatus>\
             </m:DeliveryReportReq></e:Body></e:Envelope>"
        )
    };
    for (state, fortune) in [
        ("Retrieved", Fortune::Delivered),
        ("Expired", Fortune::Expired),
        ("Rejected", Fortune::Failed),
    ] {
        let (inward, answer) = take("text/xml", report(state).as_bytes()).await;
        let receipt = Receipt {
            via: "mmsc".into(),
            reference: "m-1".into(),
            fortune,
            code: state.into(),
        };
        assert_eq!(inward, Some(Inward::Receipt(receipt)));
        assert!(answer.contains("DeliveryReportRsp"));
    }
    assert_eq!(
        take("text/xml", report("Deferred").as_bytes()).await.0,
        None
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_said_to_be_corrupt() {
    let bomb = "<!DOCTYPE l [<!ENTITY a \"x\">]><l>&a;</l>";
    let many = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(200) + "--b--";
    for (media_type, body, reason) in [
        ("text/xml", bomb, "soap"),
        ("text/xml", "<a/>", "unknown-request"),
        ("multipart/related; boundary=b", "no boundary", "mime"),
        ("multipart/related; boundary=b", many.as_str(), "mime"),
        ("image/jpeg", "x", "mime"),
    ] {
        let (inward, answer) = take(media_type, body.as_bytes()).await;
        let Some(Inward::DeadLetter(letter)) = inward else {
            panic!("{inward:?}");
        };
        assert_eq!(
            (letter.reason, letter.bytes.as_slice()),
            (reason, body.as_bytes())
        );
        assert!(answer.contains(">2007<"));
    }
}

#[test]
fn only_the_mmsc_with_the_right_password_is_heard() {
    let mut closed = settings();
    closed.user = "mmsc".into();
    closed.password = Secret::new("secret");
    let (mm7, _handed) = connection(closed);
    let allowed = |shown: &str| {
        let mut headers = HeaderMap::new();
        if !shown.is_empty() {
            headers.insert(AUTHORIZATION, shown.parse().unwrap());
        }
        mm7.allowed(&headers)
    };
    assert!(allowed(&format!("Basic {}", BASE64.encode("mmsc:secret"))));
    assert!(!allowed(&format!("Basic {}", BASE64.encode("mmsc:secre"))));
    assert!(!allowed("") && !allowed("Bearer x") && !allowed("Basic %"));
    assert!(connection(settings()).0.allowed(&HeaderMap::new()));
}

fn outgoing() -> Outgoing {
    Outgoing {
        contact: ContactId(7),
        message: 2,
        channel: Channel::Text,
        via: "mmsc".into(),
        to: Address {
            kind: AddressKind::Phone,
            value: "+821012345678".into(),
            name: None,
        },
        thread: None,
        in_reply_to: None,
        subject: Some("<답변>".into()),
        text: "사진을 봐 주세요 🙂".into(),
        attachments: vec![Attachment {
            name: "map\r\nX: y.png".into(),
            media_type: "image/png".into(),
            bytes: JPEG.repeat(100),
            description: String::new(),
        }],
        public: false,
        automatic: false,
        perhaps_again: false,
    }
}

/// An MMSC that answers every request in one way and keeps the first.
async fn mmsc(status: u16, answer: &'static str) -> (String, mpsc::Receiver<(HeaderMap, Bytes)>) {
    let (keep, kept) = mpsc::channel(8);
    let take = move |headers: HeaderMap, body: Bytes| async move {
        let _ = keep.send((headers, body)).await;
        let status = StatusCode::from_u16(status).unwrap();
        (status, [(CONTENT_TYPE, "text/xml")], answer)
    };
    let router = Router::new().route("/mm7", post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/mm7", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, kept)
}

#[tokio::test]
async fn what_the_city_sends_is_read_as_it_was_meant() {
    let taken = "<E><SubmitRsp><Status><StatusCode>1000</StatusCode></Status>\
                 <MessageID>m-9</MessageID></SubmitRsp></E>";
    let (address, mut kept) = mmsc(200, taken).await;
    let mut settings = settings();
    settings.address = address;
    settings.own_user = "city".into();
    settings.own_password = Secret::new("pw");
    settings.vasp_id = "v & s".into();
    let submitted = connection(settings).0.submit(&outgoing()).await.unwrap();
    assert_eq!(
        (submitted.reference.as_str(), submitted.receipt),
        ("m-9", true)
    );
    let (headers, body) = kept.recv().await.unwrap();
    let shown = format!("Basic {}", BASE64.encode("city:pw"));
    assert_eq!(headers[AUTHORIZATION], shown.as_str());
    let envelope = Envelope::open(headers[CONTENT_TYPE].to_str().unwrap(), &body).unwrap();
    let document = Document::read(&envelope.soap).unwrap();
    assert_eq!(document.text("TransactionID"), Some("7-2"));
    assert_eq!(document.within("Recipients"), Some("+821012345678"));
    assert_eq!(document.within("SenderAddress"), Some("120"));
    assert_eq!(document.text("VASPID"), Some("v & s"));
    assert_eq!(document.text("Subject"), Some("<답변>"));
    assert_eq!(envelope.text.plain, outgoing().text);
    assert_eq!(envelope.files.len(), 1);
    assert_eq!(envelope.files[0].bytes, outgoing().attachments[0].bytes);
    assert_eq!(envelope.files[0].name, "mapXy.png");
}

#[tokio::test]
async fn refusals_patience_and_silence_are_told_apart() {
    let fault = "<E><Body><Fault><detail><RSErrorRsp><Status><StatusCode>CODE</StatusCode>\
                 </Status></RSErrorRsp></detail></Fault></Body></E>";
    let refused: &'static str = fault.replace("CODE", "2001").leak();
    let busy: &'static str = fault.replace("CODE", "4004").leak();
    for (status, answer, expected) in [
        (500, refused, Unsent::Never("2001".into())),
        (200, busy, Unsent::Later { after: None }),
        (503, "busy", Unsent::Later { after: None }),
        (500, "oops", Unsent::Unknown),
        (200, "<html/>", Unsent::Unknown),
    ] {
        let mut settings = settings();
        settings.address = mmsc(status, answer).await.0;
        let told = connection(settings).0.submit(&outgoing()).await;
        assert_eq!(told, Err(expected), "{status} {answer}");
    }
    let mut gone = settings();
    gone.address = "http://127.0.0.1:1/".into();
    let told = connection(gone).0.submit(&outgoing()).await;
    assert_eq!(told, Err(Unsent::Later { after: None }));
    let mut public = settings();
    public.address = "http://127.0.0.1:1/".into();
    public.fetch.private = false;
    assert!(connection(public).0.submit(&outgoing()).await.is_err());
}
