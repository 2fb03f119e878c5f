//! SIPp as the carrier's trunk, by UDP and by TCP, with keys and sound from a file. Never our own
//! telephone.

use crate::talk::heard_at;
use crate::town::{CITIZEN_HZ, KIM, Town, closed};
use center::event::Fate;
use center::record::Stage;
use std::f64::consts::TAU;
use std::path::Path;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// INVITE, ACK, a file of sound, a pause, BYE.
const SCENARIO: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<scenario name="citizen">
<send retrans="500"><![CDATA[

INVITE sip:120@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:01012345678@[local_ip]:[local_port]>;tag=[pid]n[call_number]
To: <sip:120@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:citizen@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15

]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="200" rrs="true"/>
<send><![CDATA[

ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:01012345678@[local_ip]:[local_port]>;tag=[pid]n[call_number]
To: <sip:120@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<nop><action><exec play_pcap_audio="sound.pcap"/></action></nop>
<pause milliseconds="6000"/>
<send retrans="500"><![CDATA[

BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:01012345678@[local_ip]:[local_port]>;tag=[pid]n[call_number]
To: <sip:120@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"#;

/// Starts SIPp for one call.
fn sipp(town: &Town, transport: &str) -> Child {
    let folder = town.folder().join("sipp");
    std::fs::create_dir(&folder).unwrap();
    write_sound(&folder.join("sound.pcap"));
    start(town, &folder, SCENARIO, transport)
}

/// Starts SIPp with a scenario in a folder.
fn start(town: &Town, folder: &Path, scenario: &str, transport: &str) -> Child {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("call.xml"), scenario).unwrap();
    Command::new("sipp")
        .current_dir(folder)
        .args(["-sf", "call.xml", "-i", "127.0.0.1", "-mi", "127.0.0.1"])
        .args(["-t", transport, "-m", "1", "-l", "1", "-nostdin"])
        .args(["-recv_timeout", "20000", "-timeout", "60"])
        .args(["-trace_err", "-error_file", "errors.log"])
        .arg(town.telephony.local_sip().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("SIPp is installed (Debian: sip-tester)")
}

async fn a_call(transport: &str) {
    let town = Town::open().await;
    let headset = town.at_desk(KIM).await;
    let mut sipp = sipp(&town, transport);
    let contact = town.accept(KIM).await;
    heard_at(&headset).await;
    let ended = sipp.wait().await.unwrap();
    let errors = std::fs::read_to_string(town.folder().join("sipp/errors.log"));
    assert!(ended.success(), "SIPp: {}", errors.unwrap_or_default());
    town.row(|row| row.stage == Stage::WrapUp).await;
    town.finish(KIM, contact).await;
    let row = town.row(closed(Fate::Answered)).await;
    assert_eq!(row.keys, "0", "one press, whatever was repeated");
    town.recordings(contact, 1).await;
    town.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_by_udp() {
    a_call("u1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_by_tcp() {
    a_call("t1").await;
}

/// INVITE with an offer, a look at the answer, BYE. SIPp itself judges the answer.
const OFFERED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<scenario name="offer">
<send retrans="500"><![CDATA[

INVITE sip:120@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:01012345678@[local_ip]:[local_port]>;tag=[pid]n[call_number]
To: <sip:120@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:citizen@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP NUMBERS
a=rtpmap:107 opus/48000/2
a=fmtp:107 maxplaybackrate=16000;stereo=0
a=rtpmap:9 G722/8000
a=rtpmap:101 telephone-event/8000
a=rtpmap:108 telephone-event/48000
a=ptime:20

]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="200" rrs="true">
<action>
<ereg regexp="RTP/AVP ANSWERED[[:space:]]+a=rtpmap:MAPPED[[:space:]]" search_in="msg" check_it="true" assign_to="answer"/>
</action>
</recv>
<Reference variables="answer"/>
<send><![CDATA[

ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:01012345678@[local_ip]:[local_port]>;tag=[pid]n[call_number]
To: <sip:120@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<send retrans="500"><![CDATA[

BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:01012345678@[local_ip]:[local_port]>;tag=[pid]n[call_number]
To: <sip:120@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_offer_of_a_trunk_is_answered_as_wide_as_it_can_be() {
    let town = Town::open().await;
    // Offered payload types, the answer's, and the first of its maps.
    let offers = [
        ("0 8 101", "0 101", "0 PCMU/8000"),
        ("8 0 101", "8 101", "8 PCMA/8000"),
        ("0", "0", "0 PCMU/8000"),
        ("9 0 8 101", "9 101", "9 G722/8000"),
        ("8 0 9 101", "9 101", "9 G722/8000"),
        ("9", "9", "9 G722/8000"),
        ("107 9 0 101 108", "107 108", "107 opus/48000/2"),
        ("107 101", "107 101", "107 opus/48000/2"),
        ("0 107 108 101", "107 108", "107 opus/48000/2"),
        ("9 107 108 101", "9 101", "9 G722/8000"),
    ];
    for (number, (offered, answered, mapped)) in offers.into_iter().enumerate() {
        let scenario = OFFERED
            .replace("NUMBERS", offered)
            .replace("ANSWERED", answered)
            .replace("MAPPED", mapped);
        let folder = town.folder().join(format!("offer-{number}"));
        let ended = start(&town, &folder, &scenario, "u1").wait().await.unwrap();
        let errors = std::fs::read_to_string(folder.join("errors.log")).unwrap_or_default();
        assert!(ended.success(), "{offered}: {errors}");
    }
    town.is_clean().await;
}

/// Half a second of silence, the key 0 with its end three times, then five seconds of a tone in
/// A-law: a pcap file as SIPp reads it.
fn write_sound(path: &Path) {
    const PRESS: std::ops::Range<u32> = 25..33;
    let mut file = Vec::from(0xa1b2_c3d4_u32.to_le_bytes());
    file.extend([
        2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0,
    ]);
    for index in 0..275_u32 {
        let mut packet = vec![0x80];
        if PRESS.contains(&index) {
            let since = index - PRESS.start;
            let marker = if since == 0 { 128 } else { 0 };
            packet.push(marker + 101);
            packet.extend((index as u16).to_be_bytes());
            packet.extend((PRESS.start * 160).to_be_bytes());
            packet.extend([0, 0, 0, 7, 0]);
            packet.push(if since >= 5 { 0x8a } else { 0x0a });
            packet.extend(((since.min(5) + 1) as u16 * 160).to_be_bytes());
        } else {
            packet.push(8);
            packet.extend((index as u16).to_be_bytes());
            packet.extend((index * 160).to_be_bytes());
            packet.extend([0, 0, 0, 7]);
            packet.extend((0..160).map(|at| match index {
                0..25 => 0xd5,
                _ => a_law(wave(index * 160 + at)),
            }));
        }
        frame(&mut file, index * 20, &packet);
    }
    std::fs::write(path, file).unwrap();
}

fn wave(at: u32) -> i16 {
    ((TAU * f64::from(CITIZEN_HZ) * f64::from(at) / 8_000.0).sin() * 12_000.0) as i16
}

/// A-law, written from the recommendation apart from the product's own encoder.
fn a_law(sample: i16) -> u8 {
    let (sign, magnitude) = match sample {
        0.. => (0x80, i32::from(sample)),
        _ => (0, -i32::from(sample) - 1),
    };
    let segment = (0..7).rev().find(|segment| magnitude >= 256 << segment);
    let coded = match segment {
        None => magnitude >> 4,
        Some(segment) => ((segment + 1) << 4) | ((magnitude >> (segment + 4)) & 0x0f),
    };
    (sign | coded as u8) ^ 0x55
}

/// Ethernet, IPv4 and UDP around a packet.
fn frame(file: &mut Vec<u8>, at_ms: u32, packet: &[u8]) {
    let udp = packet.len() as u16 + 8;
    let mut bytes = vec![0; 12];
    bytes.extend([8, 0, 0x45, 0]);
    bytes.extend((udp + 20).to_be_bytes());
    bytes.extend([0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    bytes.extend([0x17, 0x70, 0x17, 0x70]);
    bytes.extend(udp.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(packet);
    file.extend((at_ms / 1_000).to_le_bytes());
    file.extend((at_ms % 1_000 * 1_000).to_le_bytes());
    file.extend((bytes.len() as u32).to_le_bytes());
    file.extend((bytes.len() as u32).to_le_bytes());
    file.extend(bytes);
}
