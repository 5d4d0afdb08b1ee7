//! `src/trunnel/netinfo.h`.

describe! {
    /// An address in a NETINFO cell.
    struct netinfo_addr as NetinfoAddr {
        addr_type: u8,
        len: u8,
        addr: match addr_type within len as Address {
            4 => Ipv4 { addr_ipv4 as addr: u32 },
            6 => Ipv6 { addr_ipv6 as addr: [u8; 16] },
            _ => Other { skipped },
        },
    }

    /// A NETINFO cell (tor-spec, "NETINFO cells").
    struct netinfo_cell as Netinfo {
        /// The sender's time, in seconds since 1970.
        timestamp: u32,
        /// What the sender sees as the receiver's address.
        other_addr: netinfo_addr,
        n_my_addrs: u8,
        my_addrs: [netinfo_addr; n_my_addrs],
    }
}
