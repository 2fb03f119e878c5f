//! As much HTTP and WebSocket as the citizens of the bench need. Never a page.

use anyhow::{Context, Result, bail};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};

/// Chats of one address: a city lets a household begin some, not a thousand.
const CHATS_PER_ADDRESS: u32 = 25;

/// An own address of this machine for a citizen.
pub fn address(citizen: u32) -> IpAddr {
    let house = citizen / CHATS_PER_ADDRESS;
    Ipv4Addr::new(127, 0, 1 + (house / 250) as u8, 1 + (house % 250) as u8).into()
}

/// What came back.
pub struct Answer {
    pub status: u16,
    /// The cookie that was set, name and value.
    pub cookie: Option<String>,
    pub body: String,
}

async fn open(center: SocketAddr, from: IpAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    let stream = socket.connect(center).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// One request on a connection of its own.
pub async fn send(
    center: SocketAddr,
    from: IpAddr,
    head: &str,
    headers: &str,
    body: &str,
) -> Result<Answer> {
    let mut stream = open(center, from).await?;
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-length: {length}\r\n\
         {headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("half an answer")?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let cookie = lines.find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.and_then(|line| line.split(';').next());
    Ok(Answer {
        status: status.context("no status")?.parse()?,
        cookie: cookie.map(str::to_owned),
        body: body.to_owned(),
    })
}

/// A stream of events that stays open.
pub async fn events(
    center: SocketAddr,
    from: IpAddr,
    path: &str,
    cookie: &str,
) -> Result<BufReader<TcpStream>> {
    let mut stream = open(center, from).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\ncookie: {cookie}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut reader = BufReader::new(stream);
    if !past_head(&mut reader).await?.contains(" 200 ") {
        bail!("no stream of events");
    }
    Ok(reader)
}

/// The status line of an answer, its head read to the end.
async fn past_head<R: AsyncBufReadExt + Unpin>(reader: &mut R) -> Result<String> {
    let mut status = String::new();
    reader.read_line(&mut status).await?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await? == 0 {
            bail!("half an answer: {status}");
        }
        if line == "\r\n" {
            return Ok(status);
        }
    }
}

/// Opens a WebSocket; its two ends.
pub async fn socket(
    center: SocketAddr,
    from: IpAddr,
    path: &str,
    cookie: &str,
) -> Result<(BufReader<OwnedReadHalf>, OwnedWriteHalf)> {
    let mut stream = open(center, from).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: bench\r\norigin: http://bench\r\nconnection: Upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\ncookie: {cookie}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let (reading, writing) = stream.into_split();
    let mut reader = BufReader::with_capacity(1_024, reading);
    if !past_head(&mut reader).await?.contains(" 101 ") {
        bail!("no WebSocket");
    }
    Ok((reader, writing))
}

/// The next text that the center sends on a WebSocket; none when it closed.
pub async fn hear(reader: &mut BufReader<OwnedReadHalf>) -> Result<Option<String>> {
    loop {
        let Ok(first) = reader.read_u8().await else {
            return Ok(None);
        };
        let length = match reader.read_u8().await? {
            126 => u64::from(reader.read_u16().await?),
            127 => reader.read_u64().await?,
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length)?];
        reader.read_exact(&mut payload).await?;
        match first & 0x0F {
            1 => return Ok(Some(String::from_utf8(payload)?)),
            8 => return Ok(None),
            _ => {}
        }
    }
}

/// Sends a text on a WebSocket. The mask is zero: nobody here stands between.
pub async fn say(writer: &mut OwnedWriteHalf, text: &str) -> Result<()> {
    let mut frame = vec![0x81];
    match text.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 0x7E);
            frame.extend_from_slice(&u16::try_from(long)?.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    Ok(writer.write_all(&frame).await?)
}
