//! baresip as a citizen's own telephone: speaks a tone, records what it hears. Never SIPp's ways.

use crate::peer::{self, Child, Folder};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

/// baresip binds these: SIP by UDP and TCP at one number, TLS at the next; its control line here
/// comes after them. Below the numbers a system hands out by itself, so that nobody takes one
/// between the look and the start.
fn free_ports() -> (u16, u16) {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16 % 2_000 * 4;
    for _ in 0..2_000 {
        let port = 20_000 + (first + NEXT.fetch_add(4, Ordering::Relaxed)) % 8_000;
        let udp = UdpSocket::bind(("127.0.0.1", port));
        let tcp = [port, port + 1, port + 2].map(|port| TcpListener::bind(("127.0.0.1", port)));
        if udp.is_ok() && tcp.iter().all(Result::is_ok) {
            return (port, port + 2);
        }
    }
    panic!("no four ports beside each other are free");
}

/// A telephone that is off the hook.
pub struct Softphone {
    _child: Child,
    control: TcpStream,
    folder: Folder,
}

impl Softphone {
    /// Starts it with a tone as its microphone.
    pub fn start(frequency: u32) -> Softphone {
        Softphone::start_in(frequency, "PCMU")
    }

    /// Starts it with these codecs only, as baresip names them.
    pub fn start_in(frequency: u32, codecs: &str) -> Softphone {
        let folder = Folder::new(&format!("baresip-{frequency}"));
        let (sip, control) = free_ports();
        let heard = folder.0.display();
        let config = format!(
            "sip_listen 127.0.0.1:{sip}\nnet_interface 127.0.0.1\n\
             audio_path /usr/share/baresip\naudio_source ausine,{frequency}\n\
             audio_player aubridge,none\naudio_alert aubridge,none\naudio_level no\n\
             audio_channels 1-2\nausrc_srate 48000\nauplay_srate 48000\n\
             ausrc_channels 2\nauplay_channels 1\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule g722.so\n\
             module opus.so\nopus_bitrate 32000\nmodule ausine.so\n\
             module aubridge.so\nmodule auconv.so\nmodule auresamp.so\nmodule sndfile.so\n\
             snd_path {heard}\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
             ctrl_tcp_listen 127.0.0.1:{control}\n"
        );
        peer::write(&folder.join("config"), config);
        let account =
            format!("<sip:01055501234@127.0.0.1>;regint=0;audio_codecs={codecs};ptime=20\n");
        peer::write(&folder.join("accounts"), account);
        peer::write(&folder.join("contacts"), "");
        let log = folder.join("baresip.log");
        let file = std::fs::File::create(&log).expect("a log");
        let child = Command::new("baresip")
            .arg("-f")
            .arg(&folder.0)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the log once more"))
            .stderr(file)
            .spawn()
            .expect("baresip starts");
        let mut child = Child(child);
        let address = SocketAddr::from(([127, 0, 0, 1], control));
        let mut line = None;
        peer::until("baresip's control line", Duration::from_mins(1), || {
            let ended = child.0.try_wait().expect("a child can be asked");
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none(), "baresip ended: {ended:?}\n{}", said());
            line = TcpStream::connect(address).ok();
            line.is_some()
        });
        Softphone {
            _child: child,
            control: line.expect("connected just now"),
            folder,
        }
    }

    /// Calls the center.
    pub fn dial(&mut self, to: SocketAddr) {
        self.order("dial", &format!("sip:120@{to}"));
    }

    /// Presses a key.
    pub fn press(&mut self, key: char) {
        self.order("sndcode", &key.to_string());
        // A key that is not let go is one long tone.
        std::thread::sleep(Duration::from_millis(250));
        self.order("sndcode", "\u{4}");
    }

    /// Covers the microphone: a browser that hears a tone takes away from what it speaks itself.
    pub fn mute(&mut self) {
        self.order("mute", "");
    }

    /// Puts the receiver down.
    pub fn hang_up(&mut self) {
        self.order("hangup", "");
    }

    /// What it heard so far, and the rate of it.
    pub fn heard(&self) -> (Vec<i16>, u32) {
        let entries = std::fs::read_dir(&self.folder.0).expect("its folder");
        let dump = entries
            .flatten()
            .find(|entry| entry.file_name().to_string_lossy().ends_with("-dec.wav"))
            .expect("baresip wrote what it heard");
        let bytes = std::fs::read(dump.path()).expect("its dump");
        let (mut channels, rate) = crate::sound::read_wav(&bytes);
        (channels.swap_remove(0), rate)
    }

    fn order(&mut self, command: &str, parameter: &str) {
        let order = json!({"command": command, "params": parameter}).to_string();
        write!(self.control, "{}:{order},", order.len()).expect("baresip listens");
        let mut answer = [0; 4_096];
        let timeout = Some(Duration::from_secs(2));
        self.control
            .set_read_timeout(timeout)
            .expect("a timeout above 0");
        let _ = self.control.read(&mut answer);
    }
}
