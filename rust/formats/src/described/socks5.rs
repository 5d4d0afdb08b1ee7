//! `src/trunnel/socks5.h`: what applications say to tor.

describe! {
    /// A name in SOCKS5 (RFC 1928).
    struct domainname as DomainName {
        len: u8,
        name: [char; len],
    }

    /// A SOCKS4 and SOCKS4a request.
    struct socks4_client_request as Socks4Request {
        version: u8 in [4],
        command: u8 in [2, 1, 240, 241],
        port: u16,
        addr: u32,
        username: text,
        socks4a_addr as target: match addr as Socks4Target {
            1..=255 => Hostname { socks4a_addr_hostname as hostname: text },
            _ => Address,
        },
    }

    /// The answer to it.
    struct socks4_server_reply as Socks4Reply {
        version: u8 in [0, 4],
        status: u8,
        port: u16,
        addr: u32,
    }

    /// Name and password in SOCKS5 (RFC 1929).
    struct socks5_client_userpass_auth as Socks5UserPass {
        version: u8 in [1],
        username_len: u8,
        username: [char; username_len],
        passwd_len: u8,
        passwd: [char; passwd_len],
    }

    /// What a SOCKS5 client says first (RFC 1928).
    struct socks5_client_version as Socks5Methods {
        version: u8 in [5],
        n_methods: u8,
        methods: [u8; n_methods],
    }

    /// What it is answered.
    struct socks5_server_method as Socks5Method {
        version: u8 in [5],
        method: u8,
    }

    /// The answer to name and password (RFC 1929).
    struct socks5_server_userpass_auth as Socks5UserPassReply {
        version: u8 in [1],
        status: u8,
    }

    /// A SOCKS5 request (RFC 1928).
    struct socks5_client_request as Socks5Request {
        version: u8 in [5],
        command: u8 in [2, 1, 240, 241, 3],
        reserved: u8 in [0],
        atype: u8,
        dest_addr: match atype as Socks5Destination {
            1 => Ipv4 { dest_addr_ipv4 as addr: u32 },
            4 => Ipv6 { dest_addr_ipv6 as addr: [u8; 16] },
            3 => Name { dest_addr_domainname as name: domainname },
            _ => fail,
        },
        dest_port: u16,
    }

    /// The answer to it (RFC 1928).
    struct socks5_server_reply as Socks5Reply {
        version: u8 in [5],
        reply: u8,
        reserved: u8 in [0],
        atype: u8,
        bind_addr: match atype as Socks5Bound {
            1 => Ipv4 { bind_addr_ipv4 as addr: u32 },
            4 => Ipv6 { bind_addr_ipv6 as addr: [u8; 16] },
            3 => Name { bind_addr_domainname as name: domainname },
            _ => fail,
        },
        bind_port: u16,
    }
}
