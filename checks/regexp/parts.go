package regexp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// bodyFunction makes those that look at texts.
func bodyFunction(name string, args []argument) (function, error) {
	switch name {
	case "compare_encoding", "is_html_balanced": // Rspamd's answer to them is always yes
		return func(*checks.Task) bool { return true }, nil
	case "compare_transfer_encoding":
		want := strings.ToLower(args[0].text)
		return func(t *checks.Task) bool {
			return slices.ContainsFunc(t.Message().Texts(), func(x *mail.Text) bool {
				e := x.Part.Encoding
				if e == "" {
					e = "7bit"
				}
				return e == want
			})
		}, nil
	case "compare_parts_distance":
		return partsDistance(args)
	case "has_html_tag":
		return html(func(h *mail.HTML) bool { return h.HasTag(strings.ToLower(args[0].text)) }), nil
	case "has_fake_html":
		return html(func(h *mail.HTML) bool { return len(h.Blocks) < 2 }), nil
	case "has_only_html_part":
		return func(t *checks.Task) bool { return slices.ContainsFunc(t.Message().Texts(), alone) }, nil
	case "is_empty_body":
		return func(t *checks.Task) bool {
			return !slices.ContainsFunc(t.Message().Parts(), func(p *mail.Part) bool { return !p.IsMultipart() && len(p.Content()) > 0 })
		}, nil
	}
	return nil, nil
}

func html(ok func(*mail.HTML) bool) function {
	return func(t *checks.Task) bool {
		return slices.ContainsFunc(t.Message().Texts(), func(x *mail.Text) bool {
			h := x.HTML()
			return h != nil && ok(h)
		})
	}
}

// alone reports whether an HTML text that is no attachment has no other text
// beside it in a multipart/alternative.
func alone(x *mail.Text) bool {
	if !x.IsHTML || x.Part.IsAttachment() {
		return false
	}
	for p := x.Part; p.Parent != nil; p = p.Parent {
		if !p.Parent.Type.Is("multipart", "alternative") {
			continue
		}
		for _, c := range p.Parent.Children {
			if c != p && c.Type.Type == "text" && c.Type.Subtype != "html" {
				return false
			}
		}
	}
	return true
}

// partsDistance compares the words of a plain text with those of its HTML
// alternative: 100 is no word in common.
func partsDistance(args []argument) (function, error) {
	bounds := []int{100, -1}
	for i, a := range args {
		n, err := strconv.Atoi(a.text)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("compare_parts_distance: %q is no number", a.text)
		}
		bounds[i] = n
	}
	low, high := min(bounds[0], bounds[1]), max(bounds[0], bounds[1])
	return func(t *checks.Task) bool {
		d, ok := distance(t.Message())
		if !ok {
			return false
		}
		if bounds[1] > 0 {
			return d >= low && d < high
		}
		return d <= bounds[0]
	}, nil
}

// distance is the share of words, in percent, that only one of two alternative
// texts has.
func distance(m *mail.Message) (int, bool) {
	list := m.Texts()
	if len(list) != 2 || list[0].IsHTML == list[1].IsHTML || list[0].Part.Parent == nil || !list[0].Part.Parent.Type.Is("multipart", "alternative") {
		return 0, false
	}
	count, all := map[string]int{}, 0
	for _, w := range list[0].Words() {
		count[w.Text]++
		all++
	}
	for _, w := range list[1].Words() {
		count[w.Text]--
		all++
	}
	if all == 0 {
		return 0, false
	}
	differ := 0
	for _, n := range count {
		differ += max(n, -n)
	}
	return 100 * differ / all, true
}

// typeFunction makes those that look at media types.
func typeFunction(name string, args []argument) (function, error) {
	every := func(i int) bool { return len(args) > i && args[i].text == "true" }
	// any asks the first part, or all of them.
	any := func(all bool, ok func(*mail.Part) bool) function {
		return func(t *checks.Task) bool {
			parts := t.Message().Parts()
			if !all {
				parts = parts[:min(1, len(parts))]
			}
			return slices.ContainsFunc(parts, ok)
		}
	}
	switch name {
	case "content_type_is_type":
		return any(every(1), func(p *mail.Part) bool { return args[0].matches(p.Type.Type) }), nil
	case "content_type_is_subtype":
		return any(every(1), func(p *mail.Part) bool { return args[0].matches(p.Type.Subtype) }), nil
	case "content_type_has_param":
		return any(every(1), func(p *mail.Part) bool { return p.Type.Param(strings.ToLower(args[0].text)) != "" }), nil
	case "content_type_compare_param":
		return any(every(2), func(p *mail.Part) bool {
			v := p.Type.Param(strings.ToLower(args[0].text))
			return v != "" && args[1].matches(v)
		}), nil
	case "has_content_part", "has_content_part_len":
		return contentPart(name, args)
	}
	return nil, nil
}

func contentPart(name string, args []argument) (function, error) {
	bounds := [2]int{0, 0}
	for i := 2; i < len(args); i++ {
		n, err := strconv.Atoi(args[i].text)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%s: %q is no number", name, args[i].text)
		}
		bounds[i-2] = n
	}
	return func(t *checks.Task) bool {
		return slices.ContainsFunc(t.Message().Parts(), func(p *mail.Part) bool {
			if !args[0].matches(p.Type.Type) || len(args) > 1 && !args[1].matches(p.Type.Subtype) {
				return false
			}
			if bounds == [2]int{} {
				return true
			}
			n := len(p.Content())
			return n >= bounds[0] && (bounds[1] == 0 || n <= bounds[1])
		})
	}, nil
}
