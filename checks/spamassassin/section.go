package spamassassin

import "github.com/winnowmail/winnow/checks/option"

// Section is the table of Rspamd's section spamassassin.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "spamassassin", Doc: "rule files of SpamAssassin", Off: &o.Off,
		Keys: []option.Key{
			option.Float("alpha", &o.Alpha, "rules of no more weight than this only serve meta rules").Or(0.5),
			option.Int("match_limit", &o.MatchLimit, "bytes of one text that are looked at").Or(1 << 20),
			option.Without("each pattern runs where it can", "pcre_only")[0],
			option.Fixed("scores_priority", 2, "the scores of files of weights always win"),
			option.Func("*", "path, or list of paths", func(v option.Value) error {
				paths, err := v.AsStrings()
				o.Paths = append(o.Paths, paths...)
				return err
			}, "rule files, by any name; paths may have * and ?").Example("/etc/spamassassin/*.cf"),
		},
	}
}
