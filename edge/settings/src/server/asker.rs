//! For whom `sshd -T` is asked: the fields of its `-C`. By default the person who is here; for a Match
//! block somebody whom it matches.

use abide_sshconf::{Context, Release, ServerContext};

/// A connection, as `sshd -T -C` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    user: String,
    host: String,
    address: String,
    local_address: String,
    local_port: String,
}

/// What a Match line may ask for and nobody can be made up for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a criterion that can be tried: take User, Host, Address, LocalAddress or LocalPort"
)]
pub struct UnknownCriterion(String);

/// Stands for what a star leaves open.
const ANYTHING: &str = "x";

impl Asker {
    /// From a login name and SSH_CONNECTION, which is empty on this machine.
    pub(super) fn new(login: &str, connection: &str) -> Self {
        let mut words = connection.split(' ').filter(|word| !word.is_empty());
        let mut next = |default: &str| words.next().unwrap_or(default).to_owned();
        let (address, _, local_address, local_port) =
            (next("127.0.0.1"), next("0"), next("127.0.0.1"), next("22"));
        let (user, host) = (login.to_owned(), address.clone());
        Asker { user, host, address, local_address, local_port }
    }

    /// Somebody whom these criteria of a Match line match.
    ///
    /// # Errors
    /// [`UnknownCriterion`].
    pub fn matching(mut self, criteria: &str) -> Result<Self, UnknownCriterion> {
        let mut words = criteria.split_whitespace();
        while let Some(name) = words.next() {
            let field = match name.to_ascii_lowercase().as_str() {
                "all" => continue,
                "user" => &mut self.user,
                "host" => &mut self.host,
                "address" => &mut self.address,
                "localaddress" => &mut self.local_address,
                "localport" => &mut self.local_port,
                _ => return Err(UnknownCriterion(name.to_owned())),
            };
            let patterns = words.next().ok_or_else(|| UnknownCriterion(name.to_owned()))?;
            *field = example(patterns);
        }
        Ok(self)
    }

    /// The same for planning.
    pub fn context(&self, release: Option<Release>) -> Context {
        Context::Server(ServerContext {
            user: Some(self.user.clone()),
            host: Some(self.host.clone()),
            address: self.address.parse().ok(),
            local_address: self.local_address.parse().ok(),
            local_port: self.local_port.parse().ok(),
            release: release.unwrap_or_default(),
            ..ServerContext::default()
        })
    }

    /// The same as an argument of `-C`.
    pub fn argument(&self) -> String {
        let Asker { user, host, address, local_address, local_port } = self;
        format!("user={user},host={host},addr={address},laddr={local_address},lport={local_port}")
    }

    /// Who, in words.
    pub fn user(&self) -> &str {
        &self.user
    }
}

/// One that a list of patterns matches: the first that is not negated, a network's own address.
fn example(patterns: &str) -> String {
    let first = patterns.split(',').find(|pattern| !pattern.starts_with('!')).unwrap_or(ANYTHING);
    let address = first.split('/').next().unwrap_or(first);
    address.replace(['*', '?'], ANYTHING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_who_is_here_is_asked_for() {
        let here = Asker::new("bob", "10.0.0.1 50000 10.0.0.2 2222");
        let expected = "user=bob,host=10.0.0.1,addr=10.0.0.1,laddr=10.0.0.2,lport=2222";
        assert_eq!(here.argument(), expected);
        let local = "user=bob,host=127.0.0.1,addr=127.0.0.1,laddr=127.0.0.1,lport=22";
        assert_eq!(Asker::new("bob", "").argument(), local);
    }

    #[test]
    fn somebody_is_made_up_for_a_match_line() {
        let asker = |criteria: &str| Asker::new("bob", "").matching(criteria);
        let made = asker("User !eve,ann* Address 192.0.2.0/24,10.0.0.0/8").unwrap();
        assert!(made.argument().starts_with("user=annx,host=127.0.0.1,addr=192.0.2.0,"));
        assert!(asker("Group wheel").unwrap_err().to_string().contains("`Group`"));
        assert!(asker("User").is_err());
        assert_eq!(asker("all"), Ok(Asker::new("bob", "")));
    }
}
