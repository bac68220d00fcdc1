package spamassassin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// bodyFunction makes those of the plugins BodyEval and MIMEEval.
func bodyFunction(name string, args []string) (function, error) {
	switch name {
	case "check_for_mime":
		return mimeTrait(args)
	case "check_for_mime_html":
		return yes(func(e *evaluation) bool { return htmlParts(e.task.Message()) > 0 }), nil
	case "check_for_mime_html_only":
		return yes(func(e *evaluation) bool {
			list := e.task.Message().Texts()
			return len(list) > 0 && htmlParts(e.task.Message()) == len(list)
		}), nil
	case "check_body_8bits":
		return yes(func(e *evaluation) bool {
			return strings.ContainsFunc(visible(e.task.Message()), func(r rune) bool { return r >= 0x80 })
		}), nil
	case "check_body_length":
		most, err := number(args, 0, 0)
		return yes(func(e *evaluation) bool { return float64(len(visible(e.task.Message()))) <= most }), err
	case "check_for_uppercase":
		return between(args, func(e *evaluation) (float64, bool) { return capitals(visible(e.task.Message())) })
	case "check_blank_line_ratio":
		return blankLines(args)
	case "multipart_alternative_difference":
		return between(args, func(e *evaluation) (float64, bool) { return difference(e.task.Message()) })
	case "check_msg_parse_flags":
		return parseFlags(args)
	case "check_microsoft_executable":
		return yes(func(e *evaluation) bool {
			return slices.ContainsFunc(e.task.Message().Parts(), func(p *mail.Part) bool {
				return !p.IsMultipart() && p.Filename() != "" && strings.HasPrefix(string(p.Content()[:min(2, len(p.Content()))]), "MZ")
			})
		}), nil
	case "check_ma_non_text":
		return yes(func(e *evaluation) bool {
			return slices.ContainsFunc(e.task.Message().Parts(), func(p *mail.Part) bool {
				return p.Parent != nil && p.Parent.Type.Is("multipart", "alternative") && p.Type.Type != "text" && p.Type.Type != "multipart"
			})
		}), nil
	case "check_mime_multipart_ratio":
		return between(args, func(e *evaluation) (float64, bool) { return htmlShare(e.task.Message()) })
	case "check_for_ascii_text_illegal":
		return yes(func(e *evaluation) bool {
			return slices.ContainsFunc(e.task.Message().Texts(), func(x *mail.Text) bool {
				c := strings.ToLower(x.Part.Type.Charset)
				return (c == "us-ascii" || c == "") && !x.Part.Type.Absent && slices.ContainsFunc(x.Part.Content(), func(b byte) bool { return b >= 0x80 })
			})
		}), nil
	}
	return nil, nil
}

// between makes a function of a measure and its bounds: above the first, and not
// above the second.
func between(args []string, measure func(e *evaluation) (float64, bool)) (function, error) {
	low, err := number(args, 0, -1e9)
	if err != nil {
		return nil, err
	}
	high, err := number(args, 1, 1e9)
	if len(args) > 1 && args[1] == "inf" {
		high, err = 1e9, nil
	}
	return yes(func(e *evaluation) bool {
		v, ok := measure(e)
		return ok && v > low && v <= high
	}), err
}

func htmlParts(m *mail.Message) int {
	n := 0
	for _, x := range m.Texts() {
		if x.IsHTML {
			n++
		}
	}
	return n
}

// visible is the text of all texts.
func visible(m *mail.Message) string {
	var b strings.Builder
	for _, x := range m.Texts() {
		b.WriteString(x.Plain())
	}
	return b.String()
}

// capitals is the share of capital letters, in percent, in a text of some length.
func capitals(s string) (float64, bool) {
	upper, lower := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= 'a' && c <= 'z':
			lower++
		}
	}
	if upper+lower < 100 {
		return 0, false
	}
	return 100 * float64(upper) / float64(upper+lower), true
}

// mimeTrait makes check_for_mime of its argument.
func mimeTrait(args []string) (function, error) {
	if len(args) < 1 {
		return nil, fmt.Errorf("check_for_mime wants what to look for")
	}
	any := func(ok func(*mail.Part) bool) function {
		return yes(func(e *evaluation) bool { return slices.ContainsFunc(e.task.Message().Parts(), ok) })
	}
	switch args[0] {
	case "mime_attachment":
		return any(func(p *mail.Part) bool { return p.Filename() != "" }), nil
	case "mime_base64_count":
		return func(e *evaluation) float64 {
			n := 0.0
			for _, p := range e.task.Message().Parts() {
				n += truth(p.Encoding == "base64")
			}
			return n
		}, nil
	case "mime_missing_boundary":
		return any(func(p *mail.Part) bool { return p.Type.Type == "multipart" && p.Type.Boundary == "" }), nil
	case "mime_base64_encoded_text":
		return any(func(p *mail.Part) bool {
			return p.Type.Type == "text" && p.Encoding == "base64" && p.Disposition.Kind == "" && (p.Type.Charset == "" || p.Type.Charset == "us-ascii")
		}), nil
	case "mime_qp_count":
		return func(e *evaluation) float64 {
			n := 0.0
			for _, p := range e.task.Message().Parts() {
				n += truth(p.Encoding == "quoted-printable")
			}
			return n
		}, nil
	}
	return nil, fmt.Errorf("check_for_mime does not know %q here", args[0])
}

// blankLines looks at the share of empty lines, in percent, in texts of so many
// lines.
func blankLines(args []string) (function, error) {
	least, err := number(args, 2, 0)
	if err != nil {
		return nil, err
	}
	return between(args, func(e *evaluation) (float64, bool) {
		lines, blank := 0, 0
		for _, x := range e.task.Message().Texts() {
			for l := range strings.Lines(x.UTF8()) {
				lines++
				if strings.TrimSpace(l) == "" {
					blank++
				}
			}
		}
		if lines == 0 || float64(lines) < least {
			return 0, false
		}
		return 100 * float64(blank) / float64(lines), true
	})
}

// difference is the share of words of an HTML text, in percent, that the plain
// text beside it lacks.
func difference(m *mail.Message) (float64, bool) {
	list := m.Texts()
	if len(list) != 2 || list[0].IsHTML == list[1].IsHTML || list[0].Part.Parent == nil || !list[0].Part.Parent.Type.Is("multipart", "alternative") {
		return 0, false
	}
	plain, html := list[0], list[1]
	if plain.IsHTML {
		plain, html = html, plain
	}
	have := map[string]bool{}
	for _, w := range plain.Words() {
		have[w.Text] = true
	}
	all, missing := map[string]bool{}, 0
	for _, w := range html.Words() {
		if !all[w.Text] {
			all[w.Text] = true
			if !have[w.Text] {
				missing++
			}
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	return 100 * float64(missing) / float64(len(all)), true
}

// htmlShare is the share of bytes that are HTML in a message with both.
func htmlShare(m *mail.Message) (float64, bool) {
	html, all := 0, 0
	for _, x := range m.Texts() {
		n := len(x.UTF8())
		all += n
		if x.IsHTML {
			html += n
		}
	}
	if all == 0 || html == 0 {
		return 0, false
	}
	return float64(html) / float64(all), true
}

// parseFlags makes check_msg_parse_flags of its argument.
func parseFlags(args []string) (function, error) {
	if len(args) < 1 {
		return nil, fmt.Errorf("check_msg_parse_flags wants a flag")
	}
	switch args[0] {
	case "missing_mime_headers", "missing_head_body_separator", "truncated_headers", "mime_epilogue_exists", "":
		return nil, fmt.Errorf("check_msg_parse_flags does not know %q here", args[0])
	case "missing_mime_head_body_separator":
		return yes(func(e *evaluation) bool { return e.task.Message().BrokenHeaders() }), nil
	}
	return nil, fmt.Errorf("check_msg_parse_flags does not know %q", args[0])
}
