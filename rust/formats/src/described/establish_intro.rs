//! `src/trunnel/hs/cell_establish_intro.h`.

describe! {
    /// A parameter of the DoS extension.
    struct trn_cell_extension_dos_param as DosParam {
        type as param_type: u8,
        value: u64,
    }

    /// An ESTABLISH_INTRO message (rend-spec, "Introduction protocol").
    #[c_layout]
    struct trn_cell_establish_intro as EstablishIntro {
        start_cell: position,
        auth_key_type: u8 in [0, 1, 2],
        auth_key_len: u16,
        auth_key: [u8; auth_key_len],
        extensions: trn_extension,
        end_mac_fields: position,
        handshake_mac: [u8; 32],
        end_sig_fields: position,
        sig_len: u16,
        sig: [u8; sig_len],
    }

    /// The DoS extension of ESTABLISH_INTRO (rend-spec, "DoS extension").
    struct trn_cell_extension_dos as DosExtension {
        n_params: u8,
        params: [trn_cell_extension_dos_param; n_params],
    }

    /// An INTRO_ESTABLISHED message.
    struct trn_cell_intro_established as IntroEstablished {
        extensions: trn_extension,
    }
}
