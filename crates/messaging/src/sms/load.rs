//! The other end of a bind for benchmarks: a gateway that delivers and takes as fast as it is
//! answered. Never part of a center.

use crate::sms::text::{Encoding, data_coding};
use crate::sms::wire::{self, Came, Frame, Number, Short, command, status, tag};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// A gateway that waits for a bind.
#[derive(Debug)]
pub struct Gateway(TcpListener);

/// What a gateway delivers.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    /// Texts.
    pub count: u64,
    /// Citizens who write them in turn.
    pub citizens: u64,
    /// Texts without an answer at most.
    pub window: usize,
    /// Each text has an id of the gateway; without one the house has to remember what it took.
    pub named: bool,
}

impl Texts {
    fn frame(&self, number: u64) -> Frame {
        let words = format!("가로등이 꺼져서 어둡습니다. 민원 번호 {number}");
        let digits = |digits: String| Number {
            ton: 1,
            npi: 1,
            digits,
        };
        let short = Short {
            from: digits(format!("82105{:07}", number % self.citizens.max(1))),
            to: digits("120".to_owned()),
            data_coding: data_coding(Encoding::Ucs2),
            octets: words.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            extra: if self.named {
                let id = format!("{number:x}").into_bytes();
                vec![(tag::RECEIPTED_MESSAGE_ID, id)]
            } else {
                Vec::new()
            },
            ..Short::default()
        };
        Frame::new(command::DELIVER_SM, number as u32 + 1, short.body())
    }
}

impl Gateway {
    /// A gateway on a free port of this machine, and its address.
    pub async fn open() -> io::Result<(Gateway, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok((Gateway(listener), address))
    }

    /// Waits until somebody has bound.
    pub async fn bound(&self) -> io::Result<Bound> {
        let (stream, _) = self.0.accept().await?;
        Bound::of(stream).await
    }
}

/// A bind, from the gateway's side.
#[derive(Debug)]
pub struct Bound {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    /// What is written with the next turn.
    ready: Vec<u8>,
}

impl Bound {
    async fn of(stream: TcpStream) -> io::Result<Bound> {
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let mut bound = Bound {
            reader: BufReader::with_capacity(64 * 1024, reader),
            writer,
            ready: Vec::new(),
        };
        let asked = bound.next().await?;
        let mut answer = asked.answer(status::OK);
        answer.body = b"bench\0".to_vec();
        bound.ready.extend(answer.bytes());
        bound.leave().await?;
        Ok(bound)
    }

    async fn leave(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.ready).await?;
        self.ready.clear();
        Ok(())
    }

    async fn next(&mut self) -> io::Result<Frame> {
        match wire::read(&mut self.reader).await? {
            Came::Frame(frame) => Ok(frame),
            Came::Unframed { .. } => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Answers a command that is not the one waited for.
    fn aside(&mut self, frame: &Frame) {
        if frame.id & command::RESPONSE == 0 {
            self.ready.extend(frame.answer(status::OK).bytes());
        }
    }

    /// Keeps the link until something else is to be done.
    pub async fn idle<T>(&mut self, until: impl Future<Output = T>) -> io::Result<T> {
        tokio::pin!(until);
        loop {
            tokio::select! {
                biased;
                done = &mut until => return Ok(done),
                more = self.reader.fill_buf() => {
                    if more?.is_empty() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    let came = self.next().await?;
                    self.aside(&came);
                    self.leave().await?;
                }
            }
        }
    }

    /// Delivers until every text was taken; how long each took from leaving to its answer. Texts
    /// for which the house asks for patience leave again.
    pub async fn deliver(&mut self, texts: Texts) -> io::Result<Vec<Duration>> {
        let (mut next, mut flying) = (0, HashMap::new());
        let mut took = Vec::with_capacity(texts.count as usize);
        while (took.len() as u64) < texts.count {
            while next < texts.count && flying.len() < texts.window {
                let frame = texts.frame(next);
                self.ready.extend(frame.bytes());
                flying.insert(frame.sequence, Instant::now());
                next += 1;
            }
            self.leave().await?;
            loop {
                let came = self.next().await?;
                if came.id == command::DELIVER_SM | command::RESPONSE {
                    let since = flying.get(&came.sequence).copied();
                    let since = since.ok_or(io::ErrorKind::InvalidData)?;
                    if came.status == status::OK {
                        flying.remove(&came.sequence);
                        took.push(since.elapsed());
                    } else {
                        let again = texts.frame(u64::from(came.sequence) - 1);
                        self.ready.extend(again.bytes());
                    }
                } else {
                    self.aside(&came);
                }
                if self.reader.buffer().is_empty() {
                    break;
                }
            }
        }
        Ok(took)
    }

    /// Takes so many texts, answering each at once.
    pub async fn take(&mut self, count: u64) -> io::Result<()> {
        let mut taken = 0;
        while taken < count {
            let came = self.next().await?;
            if came.id == command::SUBMIT_SM {
                taken += 1;
                let mut answer = came.answer(status::OK);
                answer.body = format!("{taken:x}\0").into_bytes();
                self.ready.extend(answer.bytes());
            } else {
                self.aside(&came);
            }
            if self.reader.buffer().is_empty() || taken == count {
                self.leave().await?;
            }
        }
        Ok(())
    }
}
