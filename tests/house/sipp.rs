//! SIPp as the carrier's trunk: scenarios written here, run as they are. Never judges what came of
//! it.

use crate::peer::{self, Child};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How a run of calls goes.
pub struct Run<'a> {
    /// Where the center listens.
    pub to: SocketAddr,
    /// `u1` for UDP, `t1` for TCP.
    pub transport: &'a str,
    /// Calls, and calls begun per second.
    pub calls: u32,
    pub rate: u32,
    /// First caller's number; the next callers count up.
    pub first_number: u64,
    /// Stream that each caller speaks, if any.
    pub spoken: Option<&'a Path>,
    /// How long a caller stays after the answer.
    pub stay_ms: u32,
}

/// Calls on their way.
pub struct Calls {
    child: Child,
    folder: PathBuf,
}

/// What one line of SIPp's message trace says.
pub struct Traced {
    /// Call-ID as sent.
    pub call: String,
    /// First line of a message that came from the center.
    pub answer: String,
}

impl Run<'_> {
    /// Starts SIPp in a folder of its own.
    pub fn start(&self, folder: &Path) -> Calls {
        std::fs::create_dir_all(folder).expect("the folder of the test can be written");
        peer::write(&folder.join("call.xml"), self.scenario());
        let log = std::fs::File::create(folder.join("sipp.log")).expect("a log");
        let child = Command::new("sipp")
            .current_dir(folder)
            .args([
                "-sf",
                "call.xml",
                "-i",
                "127.0.0.1",
                "-mi",
                "127.0.0.1",
                "-nostdin",
            ])
            .args([
                "-p",
                &free_port().to_string(),
                "-mp",
                &free_port().to_string(),
            ])
            .args(["-t", self.transport, "-m", &self.calls.to_string()])
            .args(["-r", &self.rate.to_string(), "-l", "400"])
            .args([
                "-base_cseq",
                "1",
                "-recv_timeout",
                "20000",
                "-timeout",
                "90",
            ])
            .args(["-trace_shortmsg", "-shortmessage_file", "trace.csv"])
            .args(["-trace_err", "-error_file", "errors.log"])
            .arg(self.to.to_string())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null())
            .spawn()
            .expect("sipp starts");
        Calls {
            child: Child(child),
            folder: folder.to_owned(),
        }
    }

    fn scenario(&self) -> String {
        let first = self.first_number;
        let play = self.spoken.map_or(String::new(), |path| {
            let path = path.display();
            format!("<nop><action><exec play_pcap_audio=\"{path}\"/></action></nop>")
        });
        let stay = self.stay_ms;
        let dialog = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
             From: <sip:[$number]@[local_ip]:[local_port]>;tag=[pid]n[call_number]\n\
             To: <sip:120@[remote_ip]:[remote_port]>[peer_tag_param]\n\
             Call-ID: [call_id]\n\
             Contact: <sip:[$number]@[local_ip]:[local_port];transport=[transport]>\n\
             Max-Forwards: 70"
            .to_string();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"call\">\n\
             <nop><action><assign assign_to=\"base\" value=\"{first}\"/>\
             <assignstr assign_to=\"own\" value=\"[call_number]\"/>\
             <todouble assign_to=\"number\" variable=\"own\"/>\
             <add assign_to=\"number\" variable=\"base\"/></action></nop>\n\
             <send retrans=\"500\"><![CDATA[\n\n\
             INVITE sip:120@[remote_ip]:[remote_port] SIP/2.0\n{dialog}\nCSeq: 1 INVITE\n\
             Content-Type: application/sdp\nContent-Length: [len]\n\n\
             v=0\no=phone 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n\
             m=audio [media_port] RTP/AVP 0 101\na=rtpmap:0 PCMU/8000\n\
             a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n\n]]></send>\n\
             <recv response=\"100\" optional=\"true\"/>\n<recv response=\"180\" optional=\"true\"/>\n\
             <recv response=\"183\" optional=\"true\"/>\n<recv response=\"200\"/>\n\
             <send><![CDATA[\n\nACK sip:120@[remote_ip]:[remote_port] SIP/2.0\n{dialog}\n\
             CSeq: 1 ACK\nContent-Length: 0\n\n]]></send>\n{play}\n<pause milliseconds=\"{stay}\"/>\n\
             <send retrans=\"500\"><![CDATA[\n\nBYE sip:120@[remote_ip]:[remote_port] SIP/2.0\n{dialog}\n\
             CSeq: 2 BYE\nContent-Length: 0\n\n]]></send>\n<recv response=\"200\"/>\n</scenario>\n"
        )
    }
}

impl Calls {
    /// Waits for the end; whether every call went through.
    pub fn succeed(mut self, limit: Duration) {
        let code = peer::wait(&mut self.child, limit);
        assert_eq!(code, Some(0), "SIPp failed: {}", self.troubles());
    }

    /// Stops SIPp at once, as when the carrier's line is cut; what it saw until then.
    pub fn cut(mut self) -> Vec<Traced> {
        // SIPp writes its trace line by line, so a kill loses nothing but the last one.
        let _ = self.child.0.kill();
        let _ = self.child.0.wait();
        self.trace()
    }

    fn trace(&self) -> Vec<Traced> {
        let text = std::fs::read_to_string(self.folder.join("trace.csv")).unwrap_or_default();
        let traced = |line: &str| {
            let mut fields = line.split('\t').skip(3);
            let direction = fields.next()?;
            let call = fields.next()?.to_owned();
            let answer = fields.last()?.to_owned();
            (direction == "R").then_some(Traced { call, answer })
        };
        text.lines().filter_map(traced).collect()
    }

    fn troubles(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let errors = read("errors.log");
        if errors.is_empty() {
            read("sipp.log")
        } else {
            errors
        }
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}
