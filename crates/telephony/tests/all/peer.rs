//! A socket or a connection to the center that sends bytes and reads whole messages. Never a word
//! of its own.

use crate::wire::header;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A way to the center.
pub enum Peer {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
}

impl Peer {
    pub async fn open(transport: &str, center: SocketAddr) -> Peer {
        if transport == "TCP" {
            return Peer::Tcp(TcpStream::connect(center).await.unwrap(), Vec::new());
        }
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(center).await.unwrap();
        Peer::Udp(socket)
    }

    pub fn here(&self) -> SocketAddr {
        match self {
            Peer::Udp(socket) => socket.local_addr().unwrap(),
            Peer::Tcp(stream, _) => stream.local_addr().unwrap(),
        }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        match self {
            Peer::Udp(socket) => drop(socket.send(bytes).await.unwrap()),
            Peer::Tcp(stream, _) => stream.write_all(bytes).await.unwrap(),
        }
    }

    /// The next message; none when nothing comes, or the connection is closed.
    pub async fn next(&mut self, limit: Duration) -> Option<String> {
        tokio::time::timeout(limit, self.receive()).await.ok()?
    }

    async fn receive(&mut self) -> Option<String> {
        let mut buffer = vec![0; 16_384];
        match self {
            Peer::Udp(socket) => {
                let length = socket.recv(&mut buffer).await.unwrap();
                Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
            }
            Peer::Tcp(stream, inbox) => loop {
                let text = String::from_utf8_lossy(inbox).into_owned();
                if let Some((head, _)) = text.split_once("\r\n\r\n") {
                    let length = header(head, "Content-Length").unwrap();
                    let whole = head.len() + 4 + length.parse::<usize>().unwrap();
                    if inbox.len() >= whole {
                        inbox.drain(..whole);
                        return Some(text[..whole].to_owned());
                    }
                }
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(length) => inbox.extend_from_slice(&buffer[..length]),
                }
            },
        }
    }

    /// The final answer.
    pub async fn answer(&mut self) -> Option<String> {
        loop {
            let message = self.next(LIMIT).await?;
            if !message.starts_with("SIP/2.0 1") {
                return Some(message);
            }
        }
    }

    /// Whether the center closes the connection; what it says before is passed over.
    pub async fn is_closed(&mut self) -> bool {
        let closed = async { while self.receive().await.is_some() {} };
        tokio::time::timeout(LIMIT, closed).await.is_ok()
    }
}
