//! A bare SIP peer that says exactly what a scene wants, right or wrong. Never clever: no timers,
//! no transactions.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;

/// How long the center may take to say something.
const LIMIT: Duration = Duration::from_secs(10);
/// How long silence must last to count.
const SILENCE: Duration = Duration::from_millis(700);

/// One socket for SIP, one for RTP, one call.
pub struct Wire {
    pub sip: UdpSocket,
    pub rtp: UdpSocket,
    pub center: SocketAddr,
    call_id: String,
    /// The To header of the center, once it has a tag.
    to: String,
    cseq: u32,
}

impl Wire {
    pub async fn open(center: SocketAddr) -> Wire {
        Wire::open_at("127.0.0.1", center).await
    }

    pub async fn open_at(ip: &str, center: SocketAddr) -> Wire {
        let sip = UdpSocket::bind((ip, 0)).await.unwrap();
        let call_id = format!("{}-{center}", sip.local_addr().unwrap());
        Wire {
            rtp: UdpSocket::bind((ip, 0)).await.unwrap(),
            sip,
            center,
            call_id,
            to: format!("<sip:120@{center}>"),
            cseq: 1,
        }
    }

    pub fn here(&self) -> SocketAddr {
        self.sip.local_addr().unwrap()
    }

    /// A request of this call; `extra` are whole header lines with their ends.
    pub fn request(&self, method: &str, extra: &str, body: &str) -> String {
        let (here, center, cseq) = (self.here(), self.center, self.cseq);
        let (to, call_id) = (&self.to, &self.call_id);
        format!(
            "{method} sip:120@{center} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {here};branch=z9hG4bK{method}{cseq}{call_id}\r\n\
             From: <sip:01055501234@{here}>;tag=wire\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:wire@{here}>\r\nMax-Forwards: 70\r\n\
             {extra}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    pub fn description(&self, direction: &str) -> String {
        let maps = ["0 PCMU/8000", "101 telephone-event/8000"];
        self.description_of("0 101", &maps, direction)
    }

    /// A description of these payload types with these maps.
    pub fn description_of(&self, numbers: &str, maps: &[&str], direction: &str) -> String {
        let maps = maps
            .iter()
            .fold(String::new(), |text, map| text + "a=rtpmap:" + map + "\r\n");
        let port = self.rtp.local_addr().unwrap().port();
        let ip = self.here().ip();
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {numbers}\r\n{maps}a={direction}\r\n"
        )
    }

    pub fn invite(&self, extra: &str) -> String {
        let extra = format!("Content-Type: application/sdp\r\n{extra}");
        self.request("INVITE", &extra, &self.description("sendrecv"))
    }

    pub async fn send(&self, bytes: impl AsRef<[u8]>) {
        self.sip.send_to(bytes.as_ref(), self.center).await.unwrap();
    }

    /// The next message of the center.
    pub async fn next(&mut self) -> String {
        let next = tokio::time::timeout(LIMIT, self.receive()).await;
        next.expect("the center says something")
    }

    /// The next message that begins so; others are passed over.
    pub async fn until(&mut self, beginning: &str) -> String {
        loop {
            let message = self.next().await;
            if message.starts_with(beginning) {
                return message;
            }
        }
    }

    async fn receive(&mut self) -> String {
        let mut buffer = vec![0; 16_384];
        let (length, _) = self.sip.recv_from(&mut buffer).await.unwrap();
        let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
        let to = header(&message, "To").unwrap_or_default();
        if to.contains("tag=") && !self.to.contains("tag=") && message.starts_with("SIP/2.0 ") {
            to.clone_into(&mut self.to);
        }
        message
    }

    /// Whether the center says nothing for a while.
    pub async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(SILENCE, self.receive()).await.is_err()
    }

    /// Calls, is answered, confirms; the 200 and where the center wants sound.
    pub async fn call(&mut self, extra: &str) -> (String, SocketAddr) {
        self.send(self.invite(extra)).await;
        let answer = self.until("SIP/2.0 200").await;
        self.send(self.request("ACK", "", "")).await;
        let media = media_of(&answer);
        (answer, media)
    }

    /// The next request of ours in the dialog.
    pub async fn ask(&mut self, method: &str, extra: &str, body: &str) -> String {
        self.cseq += 1;
        self.send(self.request(method, extra, body)).await;
        self.until("SIP/2.0 ").await
    }

    /// Confirms the last INVITE.
    pub async fn acknowledge(&mut self) {
        self.send(self.request("ACK", "", "")).await;
    }

    pub async fn hang_up(&mut self) {
        let answer = self.ask("BYE", "", "").await;
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    }

    /// An answer to a request of the center.
    pub fn answer(&self, request: &str, status: &str, extra: &str, body: &str) -> String {
        let mut answer = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "Call-ID", "CSeq"] {
            let value = header(request, name).unwrap();
            write!(answer, "{name}: {value}\r\n").unwrap();
        }
        let to = header(request, "To").unwrap();
        let tag = if to.contains("tag=") { "" } else { ";tag=far" };
        let here = self.here();
        write!(
            answer,
            "To: {to}{tag}\r\nContact: <sip:far@{here}>\r\n{extra}"
        )
        .unwrap();
        answer + &format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }
}

/// A header of a message.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Where a description wants sound.
pub fn media_of(message: &str) -> SocketAddr {
    let ip = message
        .lines()
        .find_map(|line| line.strip_prefix("c=IN IP4 "));
    let port = message
        .lines()
        .find_map(|line| line.strip_prefix("m=audio "));
    let port = port.unwrap().split(' ').next().unwrap();
    format!("{}:{port}", ip.unwrap().trim()).parse().unwrap()
}

/// An RTP packet of PCMU.
pub fn packet(sequence: u16, ssrc: u32, octet: u8) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend([octet; 160]);
    packet
}
