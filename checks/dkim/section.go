package dkim

import (
	"time"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section dkim.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "dkim", Doc: "looks at DKIM signatures", Off: &o.Off,
		Keys: append([]option.Key{
			option.Int("max_sigs", &o.MaxSignatures, "how many signatures are looked at").Or(5),
			option.Duration("time_jitter", &o.Jitter, "how far a clock may be wrong; a negative time allows nothing").Or(6 * time.Hour),
			option.Bool("accept_sha1", &o.AcceptSHA1, "accept rsa-sha1").From("winnow"),
			option.Int("min_key_bits", &o.MinBits, "the least bits of an RSA key").Or(1024).From("winnow"),
			option.Bool("accept_partial", &o.AcceptPartial, "accept signatures that leave much of the body unsigned").From("winnow"),
			option.Fixed("trusted_only", false, "all domains are looked at"),
			option.Fixed("skip_multi", false, "several signatures are looked at"),
		}, append(option.Idle("the resolver has a cache of its own", "dkim_cache_size", "dkim_cache_expire"),
			append(option.Without("domains have their weights by whitelist rules", "domains", "strict_multiplier", "whitelist"),
				append(option.Without("signing is what dkim_signing says", "sign_headers", "sign_condition", "auth_only"),
					option.Without("local and authenticated mail is looked at as all other is", "check_local", "check_authed")...)...)...)...),
	}
}
