//! One question of SOCKS 5 to a socket of ours: connect me there, from the other end.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

const VERSION: u8 = 5;
const NO_SIGN_IN: u8 = 0;
const CONNECT: u8 = 1;
const GRANTED: u8 = 0;

/// Connects by the SOCKS server at `path`. The caller limits the time.
///
/// # Errors
/// It is not there, does not speak SOCKS 5, or could not connect.
pub(crate) async fn connect(path: &Path, address: &str, port: u16) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(&[VERSION, 1, NO_SIGN_IN]).await?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await?;
    if chosen != [VERSION, NO_SIGN_IN] {
        return Err(io::Error::other("no SOCKS 5 without signing in"));
    }
    stream.write_all(&request(address, port)?).await?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    if head[1] != GRANTED {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    // The address that it connected from, which nobody needs.
    let rest = match head[3] {
        1 => 6,
        4 => 18,
        _ => usize::from(stream.read_u8().await?) + 2,
    };
    stream.read_exact(&mut vec![0; rest]).await?;
    Ok(stream)
}

fn request(address: &str, port: u16) -> io::Result<Vec<u8>> {
    let mut request = vec![VERSION, CONNECT, 0];
    match address.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
        Err(_) => {
            let length = u8::try_from(address.len()).map_err(io::Error::other)?;
            request.extend([3, length]);
            request.extend(address.bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_kind_of_address() {
        assert_eq!(request("127.0.0.1", 9).unwrap(), [5, 1, 0, 1, 127, 0, 0, 1, 0, 9]);
        assert_eq!(request("h", 256).unwrap(), [5, 1, 0, 3, 1, b'h', 1, 0]);
        assert_eq!(request("::1", 1).unwrap().len(), 4 + 16 + 2);
        assert!(request(&"h".repeat(256), 1).is_err());
    }
}
