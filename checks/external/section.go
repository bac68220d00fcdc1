package external

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section external_services: a section for each
// scanner. One without servers asks nobody, as Rspamd's own file has them.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "external_services", Doc: "asks other programs what they think of the message", Off: &o.Off,
		Keys: []option.Key{option.Each("*", func(name string) *option.Section { return o.rule(name, false) }, "one scanner")},
	}
}

// P0FSection is the table of Rspamd's section p0f, the older way to name this one
// scanner.
func (o *Options) P0FSection() *option.Section { return o.single(P0F, "/var/run/p0f.sock") }

// DCCSection is the same for DCC.
func (o *Options) DCCSection() *option.Section { return o.single(DCC, "/var/dcc/dccifd") }

func (o *Options) single(t Type, socket string) *option.Section {
	s := o.rule(string(t), true)
	s.Doc, s.Example = "asks "+string(t)+", as a section of this name in external_services does", map[string]any{"socket": socket}
	return s
}

// ports are where servers are that name none.
func ports() map[Type]int {
	return map[Type]int{SpamAssassin: 783, Rspamd: 11333, ICAP: 1344, DCC: 10045, Pyzor: 5953, Razor: 11342, Oletools: 10050}
}

// elsewhere are scanners of Rspamd that there are not here, and the reason.
func elsewhere(kind string) string {
	switch kind {
	case "clamav", "clamd":
		return "clamd is asked by the section antivirus"
	case "avast", "fprot", "kaspersky_av", "kaspersky_se", "savapi", "sophos", "metadefender":
		return "scanners for viruses are asked by clamd's protocol (antivirus) or by ICAP (type icap), which they speak, too"
	case "vadesecure", "cloudmark", "virustotal", "expurgate":
		return "the protocol is its vendor's; an ICAP server before it can be asked (type icap)"
	}
	return ""
}

// rule is the table of one scanner. As in Rspamd mail of the own networks and of
// users is looked at, too.
func (o *Options) rule(name string, single bool) *option.Section {
	r := &Rule{Name: name, Type: Type(name), Local: true, Authenticated: true}
	if name == "NAME" {
		r.Type = SpamAssassin
	}
	return &option.Section{
		Name: name, Doc: "one scanner", Example: map[string]any{"type": string(r.Type), "servers": "127.0.0.1:783"},
		Keys: slices.Concat(r.keys(), r.particular(single), r.absent()),
		Use: func() error {
			if len(r.Servers) == 0 {
				return nil
			}
			if _, ok := kinds()[r.Type]; !ok {
				return option.Elsewhere(cmp.Or(elsewhere(string(r.Type)), fmt.Sprintf("there is no scanner of type %q", r.Type)))
			}
			if r.Symbol == "" && (r.Type == ICAP || r.Type == Pyzor) {
				r.Symbol = strings.ToUpper(name)
			}
			for i, server := range r.Servers {
				if port := ports()[r.Type]; port != 0 && !strings.HasPrefix(server, "unix:") && !strings.Contains(server, ":") {
					r.Servers[i] = server + ":" + strconv.Itoa(port)
				}
			}
			o.Rules = append(slices.Clip(o.Rules), *r)
			return nil
		},
	}
}

// keys are those of all scanners.
func (r *Rule) keys() []option.Key {
	kind := option.Func("type", "one of "+strings.Join(names(), ", "), func(v option.Value) error {
		text, err := v.AsString()
		r.Type = Type(text)
		return err
	}, "what the scanner is; the section's name says it, too").Picking()
	servers := option.Func("servers", "list of HOST:PORT, or a socket's path", func(v option.Value) (err error) {
		r.Servers, err = option.Servers(v)
		return err
	}, "servers that do the same; without a port it is the type's").Alias("socket").Example([]string{"127.0.0.1:784"})
	return []option.Key{
		kind, servers,
		option.String("symbol", &r.Symbol, "what a finding raises").Or("the type's own").Example("OTHER"),
		option.String("name", &r.Name, "the scanner's name in texts"),
		option.Func("action", "action", func(v option.Value) error {
			text, err := v.AsString()
			if on, asBool := v.AsBool(); asBool == nil && !on {
				return nil
			}
			if err == nil {
				r.Action = actions.Parse(text)
			}
			return err
		}, "what a finding asks for").Example("reject"),
		option.String("message", &r.Message, "text of the reply; ${SCANNER} and ${VIRUS} stand for the names").Or(DefaultMessage),
		option.Int("max_size", &r.MaxSize, "the most bytes that are sent").Or("512 KiB of whole messages, 20 MiB of parts"),
		option.Int("min_size", &r.MinSize, "the least bytes that are sent"),
		option.Duration("timeout", &r.Timeout, "bounds one try").Or("5s"),
		option.Int("retransmits", &r.Tries, "how often is asked at most").Or(2),
		option.Entries("whitelist", &r.Ignore, "findings that are none").Example([]string{"body=many"}),
		option.Bool("check_local", &r.Local, "look at mail of the own networks").From("winnow"),
		option.Bool("check_authed", &r.Authenticated, "look at mail of users that logged in").From("winnow"),
	}
}

// particular are keys that some scanners have. Where the section can be of one type
// only, those of others are without effect.
func (r *Rule) particular(single bool) (keys []option.Key) {
	only := func(k option.Key, reason string, has func(Type, kind) bool) {
		if single && !has(r.Type, kinds()[r.Type]) {
			keys = append(keys, option.Without(reason, k.Names...)...)
			return
		}
		keys = append(keys, k.When(func(v option.Value) error {
			if kind, ok := kinds()[r.Type]; !ok || has(r.Type, kind) || empty(v) {
				return nil
			}
			return fmt.Errorf("%s: %s", r.Type, reason)
		}, map[string]any{"type": first(has)}))
	}
	is := func(t Type) func(Type, kind) bool { return func(other Type, _ kind) bool { return t == other } }
	only(option.Duration("cache_expire", &r.Expire, "how long an answer is kept; a negative time keeps none").Or("the type's own").Alias("expire"),
		"an answer is about more than the bytes, and is not kept", func(_ Type, k kind) bool { return k.expire > 0 })
	only(option.Not("scan_mime_parts", &r.Whole, "send single parts, not the whole message").Example(false),
		"the message is sent as a whole", func(_ Type, k kind) bool { return k.parts != nil })
	only(option.Func("patterns", "regular expressions by symbol", r.patterns, "symbols by what was found").Example(map[string]any{"JUST_ONE": "^One"}),
		"findings have no names", func(_ Type, k kind) bool { return k.named })
	only(option.String("scheme", &r.Service, "path of ICAP's service").Or("scan"), "only ICAP has services", is(ICAP))
	only(option.Bool("extended", &r.Extended, "report all macros that start or are suspicious"), "only oletools reports more", is(Oletools))
	for _, c := range []struct {
		name  string
		field *int
	}{{"body_max", &r.Bulk}, {"fuz1_max", &r.Fuz1}, {"fuz2_max", &r.Fuz2}} {
		only(option.Int(c.name, c.field, "from how many reports on this checksum a message is bulk, for DCC").Or(many), "only DCC counts reports", is(DCC))
	}
	return keys
}

// first is the first type by name that has something.
func first(has func(Type, kind) bool) string {
	for _, name := range names() {
		if has(Type(name), kinds()[Type(name)]) {
			return name
		}
	}
	return ""
}

// empty says whether a value is false or a section without keys.
func empty(v option.Value) bool {
	if v.IsObject() {
		for range v.All() {
			return false
		}
		return true
	}
	on, err := v.AsBool()
	return err == nil && !on
}

// absent are keys of Rspamd's that there are not here.
func (r *Rule) absent() []option.Key {
	return slices.Concat(
		option.Without("other outcomes have the symbol's name with _FAIL and _BULK", "symbol_fail", "symbol_bulk", "symbol_encrypted", "symbol_macro", "patterns_fail"),
		option.Without("which parts are sent is the type's own: office files to olefy, attachments by ICAP", "mime_parts_filter_regex", "mime_parts_filter_ext", "scan_all_mime_parts",
			"scan_text_mime", "scan_image_mime", "attachments_only", "text_part_min_words", "show_attachments"),
		option.Without("a scanner is asked whatever else was found", "dynamic_scan", "symbol_type"),
		option.Without("symbols have weights by their groups", "default_score", "score", "weight", "symbols"),
		option.Without("requests are as small as their protocol allows", "user_agent", "x_client_header", "x_rcpt_header", "x_from_header", "req_headers_enabled", "req_fake_url",
			"http_headers_enabled", "use_http_result_header", "use_http_3xx_as_threat", "use_specific_content_type", "client"),
		option.Without("sockets without TLS are asked: put a proxy before a scanner in another net", "ssl", "no_ssl_verify", "use_https", "url"),
		option.Idle("it is told at the level debug", "log_clean", "log_prefix", "detection_category", "N"),
		option.Idle("answers are kept under keys of the symbol", "prefix"),
		option.Idle("every type has its own port", "default_port"),
		[]option.Key{option.Fixed("no_cache", false, "cache_expire = -1 keeps nothing")},
	)
}

// patterns reads symbols with regular expressions: a section, or a list of them.
func (r *Rule) patterns(v option.Value) error {
	r.Patterns = nil
	for _, item := range v.Items() {
		for symbol, item := range item.All() {
			text, err := item.AsString()
			if err != nil {
				return err
			}
			r.Patterns = append(r.Patterns, Pattern{symbol, text})
		}
	}
	return nil
}

// names are the types' names.
func names() (list []string) {
	for t := range maps.Keys(kinds()) {
		list = append(list, string(t))
	}
	slices.Sort(list)
	return list
}
