package mimetypes

import (
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section mime_types.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "mime_types", Doc: "looks at types and names of attachments", Off: &o.Off,
		Keys: append([]option.Key{
			factors("bad_extensions", &o.BadExtensions, "what file name extensions count; 0 clears one"),
			factors("bad_archive_extensions", &o.BadInArchive, "the same within archives"),
			option.Func("extension_map", "media types by extension", o.extensions, "media types that fit extensions, in place of the built-in ones").
				Example(map[string]any{"abc": "application/x-abc"}),
			option.Func("file", "list of lines TYPE FACTOR, or file with one", o.types, "what media types count, beside the built-in ones").Example([]string{"text/x-abc 0.5"}),
		}, append(option.Without("archives have the same names as all files", "archive_extensions", "archive_exceptions", "other_extensions_mult"),
			option.Without("symbols have Rspamd's names", "symbol_unknown", "symbol_bad", "symbol_good", "symbol_attachment", "symbol_encrypted_archive", "symbol_obfuscated_archive",
				"symbol_exe_in_gen_split_rar", "symbol_archive_in_archive", "symbol_double_extension", "symbol_bad_extension", "symbol_bad_unicode", "filename_whitelist")...)...),
	}
}

// factors is a key for numbers by extension.
func factors(name string, field *map[string]float64, help string) option.Key {
	return option.Func(name, "numbers by name", func(v option.Value) error {
		m := map[string]float64{}
		for extension, item := range v.All() {
			f, err := item.AsFloat()
			if err != nil {
				return err
			}
			m[strings.TrimPrefix(strings.ToLower(extension), ".")] = f
		}
		*field = m
		return nil
	}, help).Example(map[string]any{"abc": 4})
}

// extensions reads the media types of extensions. Where all of them fit by the
// built-in table, as in Rspamd's own file, that stays, which knows more.
func (o *Options) extensions(v option.Value) error {
	builtIn := newTables(Options{}).extensions
	m := map[string][]string{}
	for extension, item := range v.All() {
		list, err := item.AsStrings()
		if err != nil {
			return err
		}
		extension = strings.TrimPrefix(strings.ToLower(extension), ".")
		fits := builtIn[extension]
		if slices.ContainsFunc(list, func(t string) bool { return !slices.Contains(fits.types, t) && !slices.Contains(fits.more, t) }) {
			m[extension] = list
		}
	}
	if len(m) > 0 {
		o.Extensions = m
	}
	return nil
}

// types reads a list of media types with their factors.
func (o *Options) types(v option.Value) error {
	lines, err := v.Entries()
	if err != nil {
		return err
	}
	m := map[string]float64{}
	for _, line := range lines {
		words := strings.Fields(line)
		f := 0.0
		if len(words) == 2 {
			f, err = strconv.ParseFloat(words[1], 64)
		}
		if len(words) > 2 || err != nil {
			return v.Errorf("%q is no media type with a number", line)
		}
		m[strings.ToLower(words[0])] = f
	}
	if len(m) > 0 {
		o.Types = m
	}
	return nil
}
