# Compiles and links the driver as this build of tor compiles and links its unit
# tests: `make -f FOLDER/driver.mk driver DRIVER=FOLDER/driver.c OUT=FILE`, in
# the build directory. FIRST is linked before that build's own libraries.

include Makefile

# Calls from one object to another that the driver sees before they are made.
WRAPPED = \
	channel_mark_client \
	channelpadding_update_padding_for_channel \
	dirserv_orconn_tls_done \
	entry_guard_chan_failed \
	get_protocol_warning_severity_level \
	learned_router_identity \
	orconn_state_publish \
	orconn_status_publish \
	relay_address_new_suggestion \
	rep_hist_note_negotiated_link_proto \
	rep_hist_padding_count_read \
	rep_hist_padding_count_write \
	router_addr_is_trusted_dir_type \
	router_get_consensus_status_by_id \
	tor_tls_set_logged_address

.PHONY: driver
driver:
	$(CC) $(DEFS) $(DEFAULT_INCLUDES) $(INCLUDES) $(src_test_AM_CPPFLAGS) \
	  $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS) $(DRIVER_CFLAGS) -o $(OUT) $(DRIVER) \
	  $(AM_LDFLAGS) $(LDFLAGS) $(src_test_test_LDFLAGS) $(FIRST) \
	  $(WRAPPED:%=-Wl,--wrap=%) $(src_test_test_LDADD) $(LIBS)
