package antivirus

import (
	"cmp"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section antivirus: a section for each
// scanner.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "antivirus", Doc: "has scanners look for viruses", Off: &o.Off,
		Keys: []option.Key{option.Each("*", o.rule, "one scanner")},
	}
}

// rule is the table of one scanner.
func (o *Options) rule(name string) *option.Section {
	r := Rule{Name: name}
	kind := cmp.Or(strings.ToLower(name), "clamav")
	if name == "NAME" {
		kind = "clamav"
	}
	attachments := option.Not("scan_mime_parts", &r.Whole, "send single attachments instead of the whole message").Example(false)
	action := func(name string, field *actions.Action, help string) option.Key {
		return option.Func(name, "action", func(v option.Value) error {
			text, err := v.AsString()
			if err == nil {
				*field = actions.Parse(text)
			}
			return err
		}, help).Example("reject")
	}
	return &option.Section{
		Name: name, Doc: "one scanner", Example: map[string]any{"type": "clamav", "servers": "127.0.0.1:3310"},
		Keys: append([]option.Key{
			option.Func("type", "clamav", func(v option.Value) (err error) { kind, err = v.AsString(); return err }, "what the scanner speaks; others are asked by ICAP, in external_services").Picking(),
			option.Func("servers", "list of HOST:PORT, or a socket's path", func(v option.Value) (err error) { r.Servers, err = option.Servers(v); return err }, "servers that do the same").
				Example([]string{"127.0.0.1:3311"}),
			option.String("symbol", &r.Symbol, "what a finding raises").Or(DefaultSymbol).Example("OTHER_VIRUS"),
			action("action", &r.Action, "what a finding asks for"),
			option.String("message", &r.Message, "text of the reply; ${SCANNER} and ${VIRUS} stand for the names").Or(DefaultMessage),
			attachments,
			option.Bool("scan_text_mime", &r.Text, "send texts that are shown, too"),
			option.Bool("scan_image_mime", &r.Images, "send pictures, too"),
			option.Int("max_size", &r.MaxSize, "the most bytes that are sent").Or(DefaultMaxSize),
			option.Duration("timeout", &r.Timeout, "bounds one try").Or(DefaultTimeout),
			option.Int("retransmits", &r.Tries, "how often is asked at most").Or(2),
			option.Duration("cache_expire", &r.Expire, "how long a finding is kept; a negative time keeps none").Or(DefaultExpire),
			option.Func("patterns", "regular expressions by symbol", r.patterns, "symbols by the virus's name").Example(map[string]any{"JUST_EICAR": "^Eicar"}),
			option.Entries("whitelist", &r.Ignore, "names of viruses that are none").Example([]string{"Eicar"}),
			option.Fixed("log_clean", true, "what was clean is told at the level debug"),
			option.Fixed("no_cache", false, "cache_expire = -1 keeps nothing"),
		}, append(option.Without("other outcomes have the symbol's name with _FAIL, _ENCRYPTED and _MACRO", "symbol_fail", "symbol_encrypted", "symbol_macro", "symbol_type"),
			append(option.Idle("findings are kept under Rspamd's keys", "prefix", "redis_prefix", "log_prefix", "clamav_socket"),
				option.Without("all mail and all attachments are looked at; settings say for whom not", "mime_parts_filter_regex", "mime_parts_filter_ext", "default_port", "attachments_only",
					"text_part_min_words", "dynamic_scan", "min_size", "score", "weight", "extended", "patterns_fail", "scan_all_mime_parts", "detection_category", "use_https", "use_files")...)...)...),
		Use: func() error {
			if kind != "clamav" {
				return option.Elsewhere("scanners of type " + kind + " are asked by ICAP or others, in external_services")
			}
			o.Rules = append(o.Rules, r)
			return nil
		},
	}
}

// patterns reads symbols with regular expressions.
func (r *Rule) patterns(v option.Value) error {
	r.Patterns = nil
	for symbol, item := range v.All() {
		text, err := item.AsString()
		if err != nil {
			return err
		}
		r.Patterns = append(r.Patterns, Pattern{symbol, text})
	}
	return nil
}
