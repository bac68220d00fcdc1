package spamassassin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/mail"
)

// htmlFunction makes those of the plugin HTMLEval.
func htmlFunction(name string, args []string) (function, error) {
	any := func(ok func(h *mail.HTML) bool) function {
		return yes(func(e *evaluation) bool {
			return slices.ContainsFunc(e.task.Message().Texts(), func(x *mail.Text) bool {
				h := x.HTML()
				return h != nil && ok(h)
			})
		})
	}
	switch name {
	case "html_tag_exists":
		if len(args) < 1 {
			return nil, fmt.Errorf("%s wants a tag", name)
		}
		tag := strings.ToLower(args[0])
		return any(func(h *mail.HTML) bool { return h.HasTag(tag) }), nil
	case "check_iframe_src":
		return any(func(h *mail.HTML) bool { return h.HasTag("iframe") }), nil
	case "html_range":
		return htmlRange(args)
	case "html_test":
		if len(args) != 1 || args[0] != "html" {
			return nil, fmt.Errorf("html_test knows html only")
		}
		return any(func(*mail.HTML) bool { return true }), nil
	case "html_image_only", "html_image_ratio", "html_title_subject_ratio", "html_eval", "html_tag_balance", "html_charset_faraway":
		return nil, fmt.Errorf("the function %s is not here", name)
	case "html_text_match":
		if len(args) < 2 || args[0] != "title" {
			return nil, fmt.Errorf("html_text_match knows title only")
		}
		return titleMatch(args[1])
	}
	return nil, nil
}

// htmlRange makes html_range of what it measures.
func htmlRange(args []string) (function, error) {
	if len(args) < 1 {
		return nil, fmt.Errorf("html_range wants what to measure")
	}
	if args[0] != "ratio" {
		return nil, fmt.Errorf("html_range does not know %q here", args[0])
	}
	return between(args[1:], func(e *evaluation) (float64, bool) {
		html, shown := 0, 0
		for _, x := range e.task.Message().Texts() {
			if h := x.HTML(); h != nil {
				html += len(x.UTF8())
				shown += len(h.Visible)
			}
		}
		if html == 0 {
			return 0, false
		}
		return float64(html-min(shown, html)) / float64(html), true
	})
}

// titleMatch looks for a pattern in the title of HTML parts.
func titleMatch(pattern string) (function, error) {
	flags := ""
	if rest, ok := strings.CutPrefix(pattern, "(?i)"); ok {
		pattern, flags = rest, "i"
	}
	re, err := matcher.Compile(pattern, matcher.Options{Flags: flags})
	return yes(func(e *evaluation) bool {
		for _, x := range e.task.Message().Texts() {
			if !x.IsHTML {
				continue
			}
			if _, after, ok := strings.Cut(strings.ToLower(x.UTF8()), "<title"); ok {
				_, after, _ = strings.Cut(after, ">")
				title, _, _ := strings.Cut(after, "<")
				if re.Match(title, matcher.For(len(title))) {
					return true
				}
			}
		}
		return false
	}), err
}
