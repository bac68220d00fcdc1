package option

import (
	"fmt"
	"io"
	"strings"
)

// WriteHelp writes the keys of a section as comments and examples in the
// language of the files.
func (s *Section) WriteHelp(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n%s {\n", s.Name, s.Doc, s.Name)
	s.help(&b, "    ")
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *Section) help(b *strings.Builder, indent string) {
	for _, k := range s.Keys {
		if k.Absent != "" {
			continue
		}
		fmt.Fprintf(b, "%s# %s (%s%s)\n", indent, k.Help, k.Type, since(k))
		switch {
		case len(k.Sections) > 0 && k.Name() == "*":
			fmt.Fprintf(b, "%s%s {\n", indent, aName)
			k.Sections[0].help(b, indent+"    ")
			fmt.Fprintf(b, "%s}\n", indent)
		case len(k.Sections) > 0:
			fmt.Fprintf(b, "%s%s {\n", indent, k.Name())
			k.Sections[0].help(b, indent+"    ")
			fmt.Fprintf(b, "%s}\n", indent)
		case k.Default != "":
			fmt.Fprintf(b, "%s%s = %s;\n", indent, k.Name(), k.Default)
		default:
			fmt.Fprintf(b, "%s%s;\n", indent, k.Name())
		}
	}
}

func since(k Key) string {
	switch k.Since {
	case "":
		return ""
	case "winnow":
		return ", not of Rspamd"
	}
	return ", since " + k.Since
}

// WriteTable writes the keys of a section as a table in Markdown, and those that
// are known and have no effect with the reasons.
func (s *Section) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s.\n\n", s.Name, strings.ToUpper(s.Doc[:1])+s.Doc[1:])
	b.WriteString("| key | type | default | |\n|---|---|---|---|\n")
	s.rows(&b, "")
	if list := s.absent(""); len(list) > 0 {
		b.WriteString("\nWithout effect: " + strings.Join(list, "; ") + ".\n")
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

func (s *Section) rows(b *strings.Builder, path string) {
	escape := strings.NewReplacer("|", "\\|", "*", "\\*", "_", "\\_", "<", "&lt;")
	for _, k := range s.Keys {
		if k.Absent != "" {
			continue
		}
		byDefault := ""
		if k.Default != "" {
			byDefault = "`" + k.Default + "`"
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s | %s%s |\n", path, strings.Join(k.Names, "`, `"), escape.Replace(k.Type), byDefault, escape.Replace(k.Help), since(k))
		for _, below := range k.Sections {
			name := k.Name()
			if name == "*" {
				name = aName
			} else if k.byName {
				name += "." + aName
			}
			below.rows(b, path+name+".")
		}
	}
}

// absent are the keys without effect, those of one reason together.
func (s *Section) absent(path string) []string {
	var reasons []string
	names := map[string][]string{}
	for _, k := range s.Keys {
		if k.Absent == "" {
			continue
		}
		if len(names[k.Absent]) == 0 {
			reasons = append(reasons, k.Absent)
		}
		names[k.Absent] = append(names[k.Absent], "`"+path+k.Name()+"`")
	}
	var list []string
	for _, reason := range reasons {
		list = append(list, strings.Join(names[reason], ", ")+" ("+reason+")")
	}
	for _, k := range s.Keys {
		for _, below := range k.Sections {
			list = append(list, below.absent(path+k.Name()+".")...)
		}
	}
	return list
}
