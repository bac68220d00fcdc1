package aliases

import (
	"strings"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd 4's section aliases.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "aliases", Doc: "knows the site's own addresses", Off: &o.Off,
		Keys: append([]option.Key{
			option.Func("local_domains", "list, or file with one", func(v option.Value) (err error) { o.LocalDomains, err = firstWords(v); return err }, "the site's domains").
				Example([]string{"example.org"}).From("4.0"),
			option.Func("system_aliases", "file like /etc/aliases, or its lines", o.system, "users' other names").Example([]string{"info: ann, bob"}).From("4.0"),
			option.Func("virtual_aliases", "file like Postfix's virtual, or its lines", o.virtual, "other addresses").Example([]string{"info@example.org ann@example.org"}).From("4.0"),
			option.Func("rspamd_aliases", "addresses by address", o.inline, "the same in the file itself").Example(map[string]any{"info@example.org": "ann@example.org"}).From("4.0"),
			option.Int("max_recursion_depth", &o.Depth, "how many aliases may lead to each other").Or(10).From("4.0"),
			option.Not("enable_gmail_rules", &o.NoGmail, "dots do not count in Gmail's addresses").From("4.0"),
			option.Not("enable_plus_aliases", &o.NoTags, "what is behind a plus sign does not count").From("4.0"),
			option.Not("apply_to_mime", &o.NoHeader, "rewrite addresses of the header").From("4.0"),
			option.Not("apply_to_smtp", &o.NoEnvelope, "rewrite addresses of the envelope").From("4.0"),
			option.Fixed("track_chain", false, "what came out is told only"),
			option.Fixed("expand_multiple", true, "of several targets the first counts, as what comes in has one recipient a mailbox"),
		}, fixed()...),
	}
}

// fixed are the keys of symbols.
func fixed() (keys []option.Key) {
	for _, name := range []string{"local_inbound", "local_outbound", "internal_mail", "alias_resolved", "tagged_from", "tagged_rcpt"} {
		keys = append(keys, option.Fixed("symbol_"+name, strings.ToUpper(name), "the symbol is always this one"),
			option.Fixed("score_"+name, 0, "symbols have weights by their groups"))
	}
	return keys
}

// lines are the lines that a value names; a section names them by path.
func lines(v option.Value) ([]string, error) {
	if v.IsObject() {
		if path, ok := v.Get("path"); ok {
			return path.Entries()
		}
	}
	return v.Entries()
}

func firstWords(v option.Value) ([]string, error) {
	all, err := lines(v)
	if err != nil {
		return nil, err
	}
	list := []string{}
	for _, line := range all {
		if words := strings.Fields(line); len(words) > 0 {
			list = append(list, words[0])
		}
	}
	return list, nil
}

// system reads NAME: TARGET, TARGET. Commands, files and lists of addresses in files
// are no addresses.
func (o *Options) system(v option.Value) error {
	all, err := lines(v)
	if err != nil {
		return err
	}
	o.System = map[string][]string{}
	for _, line := range all {
		name, targets, ok := strings.Cut(line, ":")
		if name = strings.Trim(name, " \t\""); !ok || name == "" {
			continue
		}
		for target := range strings.SplitSeq(targets, ",") {
			target = strings.TrimSpace(target)
			if target != "" && !strings.ContainsAny(target[:1], "|/:\"") {
				o.System[name] = append(o.System[name], target)
			}
		}
	}
	return nil
}

// virtual reads ADDRESS TARGET, of which the first counts. Whole domains are no
// addresses.
func (o *Options) virtual(v option.Value) error {
	all, err := lines(v)
	if err != nil {
		return err
	}
	for _, line := range all {
		from, to, _ := strings.Cut(strings.Join(strings.Fields(line), " "), " ")
		to, _, _ = strings.Cut(strings.TrimLeft(to, " ,"), ",")
		o.alias(from, to)
	}
	return nil
}

// inline reads addresses from the file itself.
func (o *Options) inline(v option.Value) error {
	for from, item := range v.All() {
		list, err := item.AsStrings()
		if err != nil {
			return err
		}
		if len(list) > 0 {
			o.alias(from, list[0])
		}
	}
	return nil
}

func (o *Options) alias(from, to string) {
	to, _, _ = strings.Cut(strings.TrimSpace(to), " ")
	if to == "" || strings.HasPrefix(from, "@") || !strings.Contains(from, "@") || !strings.Contains(to, "@") {
		return
	}
	if o.Virtual == nil {
		o.Virtual = map[string]string{}
	}
	o.Virtual[from] = to
}
