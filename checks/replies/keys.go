package replies

import (
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/internal/zbase32"
	"github.com/winnowmail/winnow/mail"
)

// messageKey is under which a message is kept: Rspamd's "rr" and twenty
// characters of the digest.
func messageKey(id string) string { return "rr" + zbase32.Digest(id)[:20] }

// addressDigest is what is kept of an address.
func addressDigest(addr string) string { return zbase32.Digest(lower(addr))[:8] }

// LocalSet names the ranked set with the site's addresses that a correspondent
// replied to. Its scores are the seconds since 1970 of the latest reply.
func LocalSet(sender string) string { return addressDigest(sender) }

// GlobalSet names the ranked set with the site's addresses to which replies
// came. Its scores are how many.
func GlobalSet() string { return "rsrk" + zbase32.Digest("verified_senders")[:20] }

// Sender is the address to which replies to a message go: the first one of
// Reply-To, or of From where there is no Reply-To, or the envelope's.
func Sender(m *mail.Message) string {
	list := m.From()
	if m.Header().Has("Reply-To") {
		list = m.ReplyTo()
	} else if len(list) == 0 {
		list = []mail.Address{m.EnvelopeFrom()}
	}
	if len(list) == 0 {
		return ""
	}
	return list[0].Addr
}

// lower is Rspamd's lower case: that of ASCII.
func lower(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = ascii.Lower(b[i])
	}
	return string(b)
}
