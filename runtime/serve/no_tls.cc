// What libmicrohttpd's archive wants of GnuTLS, which Debian has no archive of. evalrun speaks no TLS: no code of it is
// in the program, and a daemon that is started without MHD_USE_TLS calls none of this but for the first two.
#include <cstdlib>

extern "C" {

int gnutls_global_init() {
  return 0;
}
void gnutls_global_deinit() {}
extern void* (*gnutls_malloc)(std::size_t);
void* (*gnutls_malloc)(std::size_t) = std::malloc;

#define EVALRUN_NEVER_CALLED(name) \
  void name() {                    \
    std::abort();                  \
  }
EVALRUN_NEVER_CALLED(gnutls_alpn_set_protocols)
EVALRUN_NEVER_CALLED(gnutls_bye)
EVALRUN_NEVER_CALLED(gnutls_certificate_allocate_credentials)
EVALRUN_NEVER_CALLED(gnutls_certificate_free_credentials)
EVALRUN_NEVER_CALLED(gnutls_certificate_server_set_request)
EVALRUN_NEVER_CALLED(gnutls_certificate_set_dh_params)
EVALRUN_NEVER_CALLED(gnutls_certificate_set_retrieve_function2)
EVALRUN_NEVER_CALLED(gnutls_certificate_set_retrieve_function3)
EVALRUN_NEVER_CALLED(gnutls_certificate_set_x509_key_mem)
EVALRUN_NEVER_CALLED(gnutls_certificate_set_x509_key_mem2)
EVALRUN_NEVER_CALLED(gnutls_certificate_set_x509_trust_mem)
EVALRUN_NEVER_CALLED(gnutls_cipher_get)
EVALRUN_NEVER_CALLED(gnutls_credentials_set)
EVALRUN_NEVER_CALLED(gnutls_deinit)
EVALRUN_NEVER_CALLED(gnutls_dh_params_deinit)
EVALRUN_NEVER_CALLED(gnutls_dh_params_import_pkcs3)
EVALRUN_NEVER_CALLED(gnutls_dh_params_init)
EVALRUN_NEVER_CALLED(gnutls_handshake)
EVALRUN_NEVER_CALLED(gnutls_init)
EVALRUN_NEVER_CALLED(gnutls_priority_deinit)
EVALRUN_NEVER_CALLED(gnutls_priority_init)
EVALRUN_NEVER_CALLED(gnutls_priority_set)
EVALRUN_NEVER_CALLED(gnutls_protocol_get_version)
EVALRUN_NEVER_CALLED(gnutls_psk_allocate_server_credentials)
EVALRUN_NEVER_CALLED(gnutls_psk_free_server_credentials)
EVALRUN_NEVER_CALLED(gnutls_psk_set_server_credentials_function)
EVALRUN_NEVER_CALLED(gnutls_record_check_pending)
EVALRUN_NEVER_CALLED(gnutls_record_get_direction)
EVALRUN_NEVER_CALLED(gnutls_record_recv)
EVALRUN_NEVER_CALLED(gnutls_record_send)
EVALRUN_NEVER_CALLED(gnutls_session_get_ptr)
EVALRUN_NEVER_CALLED(gnutls_session_set_ptr)
EVALRUN_NEVER_CALLED(gnutls_strerror)
EVALRUN_NEVER_CALLED(gnutls_transport_set_int2)
#undef EVALRUN_NEVER_CALLED

}  // extern "C"
