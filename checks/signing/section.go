package signing

import (
	"strings"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/signing"
)

// Section is the table of Rspamd's section dkim_signing.
func (o *Options) Section() *option.Section {
	r := signing.DKIM()
	if o.DKIM != nil {
		r = *o.DKIM
	}
	return &option.Section{
		Name: "dkim_signing", Doc: "signs mail of users and of the own networks with DKIM",
		Example: map[string]any{"path_map": []string{"example.org /etc/dkim/example.org.key"}},
		Keys: append(keys(&r),
			option.Fixed("symbol", "DKIM_SIGNED", "the symbol is always this one"),
			option.Fixed("key_prefix", "DKIM_KEYS", "keys are files"),
			option.String("sign_headers", &r.Format.Headers, "fields to sign, by colons; (o) over-signs one, (x) one that is there").Example("(o)from:to"),
		),
		Use: func() error {
			if o.DKIM = nil; named(&r) {
				o.DKIM = &r
			}
			return nil
		},
		Drop: func() { o.DKIM = nil },
	}
}

// named says whether there are keys: without any nothing is signed.
func named(r *signing.Rules) bool {
	return len(r.Domains) > 0 || len(r.Paths) > 0 || r.SigningTable != nil || r.KeyTable != nil || r.Path != "" && r.Fallback
}

// ARCKeys are the keys of Rspamd's section arc that are about sealing; use puts
// in place what they say.
func (o *Options) ARCKeys() (list []option.Key, use func() error) {
	a := ARC{Rules: signing.ARC()}
	if o.ARC != nil {
		a = *o.ARC
	}
	list = append(keys(&a.Rules),
		option.Fixed("symbol_signed", "ARC_SIGNED", "the symbol is always this one"),
		option.Fixed("symbol_sign", "ARC_SIGNED", "the symbol is always this one"),
		option.Fixed("key_prefix", "ARC_KEYS", "keys are files"),
		option.Bool("reuse_auth_results", &a.Reuse, "take what this server's own Authentication-Results say into the seal"),
		option.String("sign_headers", &a.Format.Headers, "fields to sign, by colons").Example("(o)from:to"),
	)
	return list, func() error {
		if o.ARC = nil; named(&a.Rules) {
			o.ARC = &a
		}
		return nil
	}
}

// keys are those that both sections have.
func keys(r *signing.Rules) []option.Key {
	return append(append([]option.Key{
		option.Bool("sign_authenticated", &r.Authenticated, "sign mail of users that logged in"),
		option.Bool("sign_local", &r.Local, "sign mail of the own networks"),
		option.Bool("sign_inbound", &r.Inbound, "sign mail from outside"),
		option.Networks("sign_networks", &r.Networks, "sign mail of these clients"),
		option.Bool("skip_spam_sign", &r.SkipSpam, "leave mail alone that gets any action"),
		source("use_domain", &r.Domain, "where the domain is taken from, or a domain"),
		source("use_domain_sign_networks", &r.NetworksDomain, "the same for mail of sign_networks"),
		source("use_domain_sign_local", &r.LocalDomain, "the same for mail of the own networks"),
		source("use_domain_sign_inbound", &r.InboundDomain, "the same for mail from outside"),
		option.Bool("use_esld", &r.ESLD, "sign for the registered domain"),
		option.Bool("allow_envfrom_empty", &r.EmptyEnvelope, "sign mail with the null sender"),
		option.Bool("allow_hdrfrom_multiple", &r.SeveralFrom, "sign mail with several authors, for the first"),
		option.Bool("allow_hdrfrom_mismatch", &r.Mismatch, "sign although author and envelope differ"),
		option.Bool("allow_hdrfrom_mismatch_local", &r.MismatchLocal, "the same for the own networks"),
		option.Bool("allow_hdrfrom_mismatch_sign_networks", &r.MismatchNetworks, "the same for sign_networks"),
		option.Bool("allow_username_mismatch", &r.UserMismatch, "sign although the user's name has another domain, or none"),
		option.Bool("try_fallback", &r.Fallback, "sign for domains without an entry with the default key"),
		option.String("path", &r.Path, "the default key's file; $domain and $selector stand for what they say").Example("/etc/dkim/$domain.$selector.key"),
		option.String("selector", &r.Selector, "the default selector"),
		option.Each("domain", func(name string) *option.Section { return domain(r, name) }, "keys by domain"),
		pairs("selector_map", &r.Selectors, "selectors by domain"),
		pairs("path_map", &r.Paths, "key files by domain"),
		table("signing_table", signing.ParseSigningTable, &r.SigningTable, "which key signs for which author, with key_table", "*@example.org example"),
		table("key_table", signing.ParseKeyTable, &r.KeyTable, "keys by name, as DOMAIN:SELECTOR:PATH", "example %:mail:/etc/dkim/example.key"),
		option.Bool("check_pubkey", &r.CheckKey, "compare the key with the published one"),
		option.Bool("allow_pubkey_mismatch", &r.AllowKeyMismatch, "sign although they differ, and say so"),
		option.Fixed("use_redis", false, "keys are files; signing.KeySource is for programs"),
		option.Fixed("use_vault", false, "keys are files; signing.KeySource is for programs"),
		option.Fixed("use_http_headers", false, "what is signed is not up to the client"),
		option.Fixed("allow_headers", false, "what is signed is not up to the client"),
	}, option.Without("Lua is not run: signing.Rules.Condition is for programs", "sign_condition")...),
		option.Without("what signs is named by DOMAIN", "vault_url", "vault_token", "vault_path", "vault_domains", "http_sign_header", "oversign_headers")...)
}

// source is a key for where a domain is taken from.
func source(name string, field *signing.Source, help string) option.Key {
	return option.String(name, field, help+": header, envelope, auth, recipient").Example("recipient.example")
}

// domain is the table of one domain: a key, or several.
func domain(r *signing.Rules, name string) *option.Section {
	var one signing.Selector
	var list []signing.Selector
	each := option.Each("selectors", func(string) *option.Section {
		s := new(signing.Selector)
		return &option.Section{Name: "selectors", Doc: "one of several keys", Keys: selectorKeys(s), Use: func() error {
			list = append(list, *s)
			return nil
		}}
	}, "several keys, each of which signs")
	return &option.Section{Name: name, Doc: "the keys of a domain", Keys: append(selectorKeys(&one), each), Use: func() error {
		if one != (signing.Selector{}) {
			list = append([]signing.Selector{one}, list...)
		}
		if r.Domains == nil {
			r.Domains = map[string][]signing.Selector{}
		}
		r.Domains[strings.ToLower(name)] = list
		return nil
	}}
}

func selectorKeys(s *signing.Selector) []option.Key {
	return []option.Key{
		option.String("selector", &s.Selector, "the selector"),
		option.String("path", &s.Path, "the key's file"),
	}
}

// pairs is a key for a list of lines with two words.
func pairs(name string, field *map[string]string, help string) option.Key {
	return option.Func(name, "list of lines DOMAIN VALUE, or file with one", func(v option.Value) error {
		lines, err := v.Entries()
		if err != nil {
			return err
		}
		m := map[string]string{}
		for _, line := range lines {
			words := strings.Fields(line)
			if len(words) != 2 {
				return v.Errorf("%q is no domain with a value", line)
			}
			m[strings.ToLower(words[0])] = words[1]
		}
		*field = m
		return nil
	}, help).Example([]string{"example.org value", "example.net value"})
}

// table is a key for one of OpenDKIM's tables.
func table[T any](name string, parse func(string) (*T, error), field **T, help, example string) option.Key {
	return option.Func(name, "list of lines, or file with one", func(v option.Value) error {
		lines, err := v.Entries()
		if err != nil {
			return err
		}
		t, err := parse(strings.Join(lines, "\n"))
		if err != nil {
			return v.Errorf("%w", err)
		}
		*field = t
		return nil
	}, help).Example([]string{example})
}
