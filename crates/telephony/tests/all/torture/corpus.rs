//! Messages after the situations that RFC 4475 lists, in words of our own, and what each must be
//! answered. Never a socket.

/// What a message must be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// One answer with this status.
    Status(u16),
    /// A call: 200, and it can be ended in order.
    Call,
    /// Nothing at all.
    Silence,
}
use Expect::{Call, Silence, Status};

/// One message: a plain one with changes, so that what is odd about it stands alone.
pub struct Case {
    /// Name of the situation.
    pub name: &'static str,
    pub method: &'static str,
    pub changes: &'static [(&'static str, &'static str)],
    pub udp: Expect,
    pub tcp: Expect,
}

const fn case(
    name: &'static str,
    method: &'static str,
    changes: &'static [(&'static str, &'static str)],
    expect: Expect,
) -> Case {
    let (udp, tcp) = (expect, expect);
    Case {
        name,
        method,
        changes,
        udp,
        tcp,
    }
}

/// The same where a stream has another end than a datagram.
const fn differs(
    name: &'static str,
    method: &'static str,
    changes: &'static [(&'static str, &'static str)],
    (udp, tcp): (Expect, Expect),
) -> Case {
    Case {
        name,
        method,
        changes,
        udp,
        tcp,
    }
}

const END: &str = "\r\n\r\n";

/// Within the rules, however strange.
pub const VALID: [Case; 19] = [
    case(
        "space, folds, small and capital letters, short names, several Vias",
        "INVITE",
        &[
            ("To: ", "TO :\r\n "),
            (">;tag=", ">\r\n  ;\r\n\t tag    = "),
            ("From: \"Odd\" ", "fRoM   : \"J \\\\\\\"\"       "),
            ("Max-Forwards: 70", "MaX-fOrWaRdS: 0068"),
            ("Call-ID: ", "i  :  "),
            ("CSeq: 1 INVITE", "cseq: 0009\r\n  INVITE"),
            (
                "Via: SIP/2.0/%TP% %ME%;branch=",
                "Via  : SIP  /   2.0\r\n /%TP%\r\n    %ME%;branch  =   ",
            ),
            (
                "Contact: ",
                "s :\r\nNewFangledHeader:   new\r\n more \"%%%\r\nX-None:;;,,;;,;\r\n\
                 v:  SIP  / 2.0  / TCP     far.example   ;\r\n  branch  =   z9hG4bKa  ,\r\n \
                 SIP  /    2.0   / UDP  192.0.2.5   ; branch=\r\n z9hG4bKb\r\n\
                 Route:\r\n <sip:there.example;lr;unknown=value;no-value>\r\nm:",
            ),
            ("Content-Length: ", "l:\r\n   "),
        ],
        Call,
    ),
    case(
        "every letter that a method may have",
        "!odd-Method0123456789_*+`.%indeed'~",
        &[],
        Status(405),
    ),
    case(
        "escapes in a user that hide an address",
        "INVITE",
        &[("sip:120@%AT% SIP", "sip:sips%3Auser%40far.example@%AT% SIP")],
        Call,
    ),
    case(
        "an escaped null",
        "INVITE",
        &[("<sip:120@", "<sip:null-%00-null@")],
        Call,
    ),
    case(
        "a percent sign that escapes nothing",
        "RE%47IST%45R",
        &[],
        Status(405),
    ),
    case(
        "no space before the bracket",
        "OPTIONS",
        &[("\"Odd\" <", "caller<")],
        Status(200),
    ),
    case("very long values", "INVITE", &[("%LONG%", "%LONG%")], Call),
    differs(
        "octets behind the body",
        "OPTIONS",
        &[("%END%", "REGISTER what follows is not read\u{1}\u{2}")],
        (Status(200), Status(200)),
    ),
    case(
        "semicolons in the user",
        "OPTIONS",
        &[("sip:120@%AT% SIP", "sip:user;par=u%40far.example@%AT% SIP")],
        Status(200),
    ),
    case(
        "transports that nobody knows in later Vias",
        "OPTIONS",
        &[(
            "Max-Forwards",
            "Via: SIP/2.0/SCTP a.example;branch=z9hG4bKx1\r\n\
             Via: SIP/2.0/UNKNOWN b.example;branch=z9hG4bKx2\r\nMax-Forwards",
        )],
        Status(200),
    ),
    case(
        "a body in several parts, one of them binary",
        "INVITE",
        &[
            (
                "Content-Type: application/sdp",
                "Content-Type: multipart/mixed;boundary=x",
            ),
            (
                "%BODY%",
                "--x\r\nContent-Type: application/sdp\r\n\r\n%BODY%\r\n--x\r\n\
            Content-Type: application/octet-stream\r\n\r\n\u{0}\u{1}\u{fe}\r\n--x--\r\n",
            ),
        ],
        Call,
    ),
    case(
        "a response with a reason in another script",
        "=SIP/2.0 200 = 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e}",
        &[],
        Silence,
    ),
    case("a response without a reason", "=SIP/2.0 100 ", &[], Silence),
    case(
        "Max-Forwards used up at its goal",
        "OPTIONS",
        &[("70", "0")],
        Status(200),
    ),
    case(
        "a date that does not exist",
        "INVITE",
        &[("Contact", "Date: Fri, 32 Jan 2010 16:00:00 EST\r\nContact")],
        Call,
    ),
    case(
        "an authorization that nobody knows",
        "INVITE",
        &[(
            "Contact",
            "Authorization: NoOneKnows opaque=\"x\"\r\nContact",
        )],
        Call,
    ),
    case(
        "a branch with nothing behind the cookie",
        "OPTIONS",
        &[("branch=z9hG4bK%ID%", "branch=z9hG4bK")],
        Status(200),
    ),
    case(
        "a name without quotes in another script",
        "INVITE",
        &[("\"Odd\"", "\u{d64d}\u{ae38}\u{b3d9}")],
        Call,
    ),
    differs(
        "no Content-Length",
        "INVITE",
        &[("Content-Length: %LEN%\r\n", "")],
        (Call, Status(400)),
    ),
];

/// Against the rules: refused, or not worth an answer.
pub const INVALID: [Case; 26] = [
    case(
        "separators with nothing between them",
        "INVITE",
        &[("Contact: <sip:odd@%ME%>", "Contact: <sip:odd@%ME%>;;;;")],
        Status(400),
    ),
    case(
        "the same in Via",
        "INVITE",
        &[("branch=", ";;,;,,branch=")],
        Status(400),
    ),
    differs(
        "a body shorter than it says",
        "INVITE",
        &[("%LEN%", "999")],
        (Status(400), Silence),
    ),
    case(
        "a negative length",
        "INVITE",
        &[("%LEN%", "-999")],
        Status(400),
    ),
    case(
        "a CSeq beyond its bound",
        "INVITE",
        &[("CSeq: 1 ", "CSeq: 36893488147419103232 ")],
        Status(400),
    ),
    case(
        "Max-Forwards beyond its bound",
        "OPTIONS",
        &[("70", "300")],
        Status(400),
    ),
    case(
        "a response with a CSeq beyond its bound",
        "=SIP/2.0 503 Service Unavailable",
        &[("CSeq: 1 ", "CSeq: 9292394834772304023312 ")],
        Silence,
    ),
    case(
        "a quote that stays open",
        "INVITE",
        &[("\"Odd\"", "\"Odd")],
        Status(400),
    ),
    case(
        "brackets around the Request-URI",
        "INVITE",
        &[("sip:120@%AT% SIP", "<sip:120@%AT%> SIP")],
        Status(400),
    ),
    case(
        "space in the Request-URI",
        "INVITE",
        &[("sip:120@%AT% SIP", "sip:120@%AT%; lr SIP")],
        Status(400),
    ),
    case(
        "two spaces in the first line",
        "INVITE",
        &[(" sip:120@%AT% SIP", "  sip:120@%AT%  SIP")],
        Status(400),
    ),
    case(
        "space at the end of the first line",
        "OPTIONS",
        &[("SIP/2.0\r\nVia", "SIP/2.0  \r\nVia")],
        Status(400),
    ),
    case(
        "headers in the Request-URI",
        "INVITE",
        &[(
            "sip:120@%AT% SIP",
            "sip:120@%AT%?Route=%3Csip:far.example%3E SIP",
        )],
        Status(400),
    ),
    case(
        "an address with headers and without brackets",
        "INVITE",
        &[(
            "Contact: <sip:odd@%ME%>",
            "Contact: sip:odd@%ME%?Route=%3Csip:far.example%3E",
        )],
        Status(400),
    ),
    case(
        "space within the brackets",
        "OPTIONS",
        &[("To: <sip:120@%AT%>", "To: < sip:120@%AT% >")],
        Status(400),
    ),
    case(
        "a comma in a name without quotes",
        "OPTIONS",
        &[("\"Odd\"", "Bell, Odd")],
        Status(400),
    ),
    case(
        "a version of the future",
        "OPTIONS",
        &[("SIP/2.0\r\nVia", "SIP/7.0\r\nVia")],
        Status(505),
    ),
    case(
        "a method that CSeq does not have",
        "OPTIONS",
        &[("CSeq: 1 OPTIONS", "CSeq: 1 INVITE")],
        Status(400),
    ),
    case(
        "the same with a new method",
        "NEWMETHOD",
        &[("CSeq: 1 NEWMETHOD", "CSeq: 1 INVITE")],
        Status(405),
    ),
    case(
        "a status of ten digits",
        "=SIP/2.0 4294967301 better not",
        &[],
        Silence,
    ),
    case(
        "no Call-ID, no From, no To",
        "INVITE",
        &[
            ("Call-ID: ", "X-1: "),
            ("From: ", "X-2: "),
            ("To: ", "X-3: "),
        ],
        Status(400),
    ),
    case(
        "two of what may stand once",
        "INVITE",
        &[(
            "CSeq: 1 INVITE",
            "CSeq: 1 INVITE\r\nCSeq: 5 INVITE\r\nCall-ID: other",
        )],
        Status(400),
    ),
    case(
        "two lengths",
        "OPTIONS",
        &[(
            "Content-Length: %LEN%",
            "Content-Length: 0\r\nContent-Length: 5",
        )],
        Status(400),
    ),
    case(
        "a response that was never asked for, to everybody",
        "=SIP/2.0 200 OK",
        &[("%ME%;branch", "255.255.255.255;branch")],
        Silence,
    ),
    case(
        "the syntax of RFC 2543: no tag, no branch",
        "INVITE",
        &[(";tag=t%ID%", ""), (";branch=z9hG4bK%ID%", "")],
        Status(400),
    ),
    case(
        "a line that is no header",
        "OPTIONS",
        &[("Contact: ", "Contact ")],
        Status(400),
    ),
];

/// Well written, and nothing that we do.
pub const REFUSED: [Case; 13] = [
    case(
        "a Request-URI of no known kind",
        "OPTIONS",
        &[("sip:120@%AT% SIP", "nobody:x SIP")],
        Status(416),
    ),
    case(
        "one that is known and no telephone's",
        "OPTIONS",
        &[("sip:120@%AT% SIP", "soap.beep://192.0.2.103:3002 SIP")],
        Status(416),
    ),
    case(
        "addresses of no known kind in headers",
        "REGISTER",
        &[("<sip:120@%AT%>", "<isbn:29837>")],
        Status(405),
    ),
    case(
        "extensions that nobody knows",
        "OPTIONS",
        &[(
            "Contact",
            "Require: nothingKnowsThis\r\nProxy-Require: noneEither\r\nContact",
        )],
        Status(420),
    ),
    case(
        "a body of no known kind",
        "INVITE",
        &[("application/sdp", "application/unknownformat")],
        Status(415),
    ),
    case(
        "answers wanted in no known form",
        "INVITE",
        &[("Contact", "Accept: text/nobodyKnowsThis\r\nContact")],
        Status(406),
    ),
    case(
        "a parameter of Contact",
        "REGISTER",
        &[("@%ME%>", "@%ME%>;expires=0")],
        Status(405),
    ),
    case(
        "a parameter of its address",
        "REGISTER",
        &[("@%ME%>", "@%ME%;unknown=x>")],
        Status(405),
    ),
    case(
        "a Route hidden in Contact",
        "REGISTER",
        &[("@%ME%>", "@%ME%?Route=%3Csip:x%3E>")],
        Status(405),
    ),
    case(
        "a registration with unknown credentials",
        "REGISTER",
        &[("Contact", "Authorization: NoOneKnows x=\"y\"\r\nContact")],
        Status(405),
    ),
    case(
        "a registration beyond all bounds",
        "REGISTER",
        &[(
            "Contact",
            "Expires: 1000000000000000000000000000000\r\nContact",
        )],
        Status(405),
    ),
    case(
        "a transfer outside a call",
        "REFER",
        &[(
            "Contact",
            "Refer-To: <sip:+12025550100@far.example>\r\nContact",
        )],
        Status(405),
    ),
    case("a goodbye to no call", "BYE", &[], Status(481)),
];

/// Writes a case for one peer.
pub fn write(case: &Case, transport: &str, at: &str, me: &str, id: &str) -> Vec<u8> {
    let first = match case.method.strip_prefix('=') {
        Some(status_line) => status_line.to_owned(),
        None => format!("{} sip:120@%AT% SIP/2.0", case.method),
    };
    let method = if case.method.starts_with('=') {
        "INVITE"
    } else {
        case.method
    };
    let described = method == "INVITE";
    let kind = if described {
        "Content-Type: application/sdp\r\n"
    } else {
        ""
    };
    let mut text = format!(
        "{first}\r\nVia: SIP/2.0/%TP% %ME%;branch=z9hG4bK%ID%\r\nMax-Forwards: 70\r\n\
         From: \"Odd\" <sip:01055501234@%ME%>;tag=t%ID%\r\nTo: <sip:120@%AT%>\r\n\
         Call-ID: %ID%\r\nCSeq: 1 {method}\r\nContact: <sip:odd@%ME%>\r\n\
         {kind}Content-Length: %LEN%{END}"
    );
    let mut body = if described {
        "%BODY%".to_owned()
    } else {
        String::new()
    };
    let mut behind = "";
    for (from, to) in case.changes {
        match *from {
            "%END%" => behind = to,
            "%BODY%" => body = body.replace(from, to),
            "%LONG%" => {
                let long = "q".repeat(700);
                text = text.replace(
                    "Contact",
                    &format!("X-Long: {long}\r\nX-{long}: 1\r\nContact"),
                );
                text = text.replace("\"Odd\"", &format!("\"{long}\""));
                text = text.replace("To: <sip:120@", &format!("To: \"{long}\" <sip:{long}@"));
            }
            _ => {
                assert!(text.contains(from), "{}: {from}", case.name);
                text = text.replacen(from, to, 1);
            }
        }
    }
    let description = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
        m=audio 6000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\n";
    let body = body.replace("%BODY%", description);
    let text = text
        .replace("%LEN%", &body.len().to_string())
        .replace("%TP%", transport)
        .replace("%AT%", at)
        .replace("%ME%", me)
        .replace("%ID%", id);
    [text.as_bytes(), body.as_bytes(), behind.as_bytes()].concat()
}
