//! A network between a browser and the house that can be cut, or swallow every answer. Never knows
//! what passes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// What the network does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Fine,
    /// Requests pass, answers do not.
    Deaf,
    /// Nothing passes, and whoever calls is turned away.
    Cut,
}

const WEATHERS: [Weather; 3] = [Weather::Fine, Weather::Deaf, Weather::Cut];

/// The network. Its threads end with the test.
pub struct Network {
    pub address: SocketAddr,
    weather: Arc<AtomicU8>,
    lines: Arc<Mutex<Vec<TcpStream>>>,
}

impl Network {
    pub fn to(house: SocketAddr) -> Network {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let network = Network {
            address: listener.local_addr().expect("an address"),
            weather: Arc::default(),
            lines: Arc::default(),
        };
        let (weather, lines) = (network.weather.clone(), network.lines.clone());
        std::thread::spawn(move || {
            for citizen in listener.incoming().map_while(Result::ok) {
                if at(&weather) == Weather::Cut {
                    continue;
                }
                let Ok(inside) = TcpStream::connect(house) else {
                    continue;
                };
                let twin = |stream: &TcpStream| stream.try_clone().expect("a second handle");
                let mut open = lines.lock().expect("no panic while it is held");
                open.extend([twin(&citizen), twin(&inside)]);
                drop(open);
                let (up, down) = (twin(&citizen), twin(&inside));
                std::thread::spawn(move || pass(up, inside, None));
                let weather = weather.clone();
                std::thread::spawn(move || pass(down, citizen, Some(&weather)));
            }
        });
        network
    }

    /// Changes the weather. A cut ends every line at once, as leaving a network does.
    pub fn turn(&self, to: Weather) {
        let index = WEATHERS.iter().position(|known| *known == to);
        self.weather
            .store(index.expect("it is listed") as u8, Ordering::SeqCst);
        if to == Weather::Cut {
            let mut open = self.lines.lock().expect("no panic while it is held");
            for line in open.drain(..) {
                let _ = line.shutdown(Shutdown::Both);
            }
        }
    }
}

fn at(weather: &AtomicU8) -> Weather {
    WEATHERS[usize::from(weather.load(Ordering::SeqCst))]
}

/// Passes bytes on until one side ends; with a weather, only while it is fine.
fn pass(mut from: TcpStream, mut to: TcpStream, weather: Option<&AtomicU8>) {
    let mut part = [0; 16_384];
    while let Ok(count) = from.read(&mut part) {
        let deaf = weather.is_some_and(|weather| at(weather) != Weather::Fine);
        if count == 0 || !deaf && to.write_all(&part[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
