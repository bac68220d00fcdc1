package arc

import (
	"time"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of what Rspamd's section arc says of looking at chains;
// that of package checks/signing adds what it says of sealing.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "arc", Doc: "looks at the seals of those who passed a message on, and seals", Off: &o.Off,
		Keys: append([]option.Key{
			option.Entries("whitelisted_signers_map", &o.TrustedSealers, "domains whose seals are believed"),
			option.Bool("accept_sha1", &o.AcceptSHA1, "accept rsa-sha1").From("winnow"),
			option.Int("min_key_bits", &o.MinBits, "the least bits of an RSA key").Or(1024).From("winnow"),
			option.Duration("time_jitter", &o.Jitter, "how far a clock may be wrong; a negative time allows nothing").Or(6 * time.Hour),
			option.Fixed("adjust_dmarc", true, "what a trusted seal says of DMARC is taken into account"),
		}, option.Without("local and authenticated mail is looked at, too", "check_local", "check_authed")...),
	}
}
