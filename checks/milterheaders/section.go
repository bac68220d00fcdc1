package milterheaders

import (
	"slices"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section milter_headers.
func (o *Options) Section() *option.Section {
	routines := &option.Section{Name: "routines", Doc: "changes single routines", Keys: append([]option.Key{
		option.Each("*", o.routine, "one routine"),
	}, option.Without("the header is not among the routines", "x-os-fingerprint", "stat-signature", "fuzzy-hashes", "x-spam-flag")...)}
	return &option.Section{
		Name: "milter_headers", Doc: "adds headers that tell what was found", Off: &o.Off,
		Keys: append([]option.Key{
			option.Bool("extended_spam_headers", &o.Extended, "x-spamd-result, x-rspamd-server, x-rspamd-queue-id and x-rspamd-action"),
			option.Func("use", "list of routines", o.use, "which headers are added").Example([]string{xSpamLevel}),
			option.Not("skip_local", &o.Local, "none for mail of the own networks"),
			option.Not("skip_authenticated", &o.Authenticated, "none for mail of users that logged in"),
			option.Strings("local_headers", &o.LocalHeaders, "routines that write for the own networks all the same").Example([]string{xSpamLevel}),
			option.Strings("authenticated_headers", &o.AuthenticatedHeaders, "routines that write for users all the same").Example([]string{xSpamLevel}),
			option.Entries("extended_headers_rcpt", &o.ExtendedRcpts, "recipients that get the headers alone, whoever sent"),
			option.Nested(routines, "changes single routines"),
			option.Fixed("remove_upstream_spam_flag", true, "the header X-Spam of others is always removed"),
		}, append(option.Without("Lua is not run: checks.Family is for programs", "custom"), option.Without("old names", "x_spamd_bar", "spam_header")...)...),
	}
}

// use reads the names of routines; those that do not exist here are errors of
// their own.
func (o *Options) use(v option.Value) error {
	list, err := v.AsStrings()
	if err != nil {
		return err
	}
	for _, name := range list {
		if !slices.Contains(Routines(), name) {
			return v.Errorf("there is no routine %q", name)
		}
	}
	o.Use = list
	return nil
}

// routine is the table of one routine.
func (o *Options) routine(name string) *option.Section {
	if name == "NAME" {
		name = xSpamLevel
	}
	if !slices.Contains(Routines(), name) {
		return nil
	}
	h := o.Headers[name]
	remove := option.Func("remove", "whole number", func(v option.Value) error {
		if v.IsNull() {
			h.Keep = true
			return nil
		}
		n, err := v.AsInt()
		h.Keep = n < 0
		return err
	}, "remove such headers that the message came with; -1 and null keep them, and all other numbers remove all").Or("0").Example(-1).Nullable()
	keys := []option.Key{
		option.String("header", &h.Name, "name of the header").Example("X-Other"),
		remove,
		option.String("value", &h.Value, "what spam-header writes"),
		option.String("char", &h.Char, "what x-spam-level repeats").Example("+"),
		option.String("positive", &h.Positive, "what x-spamd-bar repeats").Example("x"),
		option.String("negative", &h.Negative, "the same below 0").Example("x"),
		option.String("neutral", &h.Neutral, "the same at 0").Example("x"),
		option.Strings("symbols", &h.Symbols, "symbols of x-virus").Example([]string{"CLAM_VIRUS"}),
		option.Enum("sort_by", &h.ByName, map[string]bool{"name": true, "score": false}, "in which order x-spamd-result has symbols").Example("name"),
	}
	switch name {
	case authenticationResults:
		keys = []option.Key{
			option.Not("add_smtp_user", &o.AuthRes.NoUser, "say who logged in"),
			option.Fixed("header", "Authentication-Results", "the header's name is that of RFC 8601"),
			option.Fixed("remove", 1, "headers in this server's name are always removed"),
			option.Fixed("stop_chars", ";", "lines are folded anywhere"),
		}
		keys = append(keys, option.Without("results have the names of RFC 8601", "spf_symbols", "dkim_symbols", "dmarc_symbols", "arc_symbols")...)
	case addHeaders:
		keys = []option.Key{option.Func("headers", "header fields by name", func(v option.Value) error {
			for field, text := range v.All() {
				value, err := text.AsString()
				if err != nil {
					return err
				}
				o.Add = append(o.Add, Field{Name: field, Value: value})
			}
			return nil
		}, "fields to add").Example(map[string]any{"X-Own": "yes"}), option.Fixed("remove", 0, "fields are added")}
	case removeHeaders:
		keys = []option.Key{option.Func("headers", "header names with 0", func(v option.Value) error {
			for field := range v.All() {
				o.Remove = append(o.Remove, field)
			}
			return nil
		}, "fields to remove, all of the name").Example(map[string]any{"X-Own": 0})}
	}
	return &option.Section{Name: name, Doc: "changes a routine", Keys: keys, Use: func() error {
		if name == authenticationResults || name == addHeaders || name == removeHeaders {
			return nil
		}
		if o.Headers == nil {
			o.Headers = map[string]Header{}
		}
		o.Headers[name] = h
		return nil
	}}
}
