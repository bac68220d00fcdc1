package mua

import (
	"strings"

	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// isOutlook knows the versions whose Message-IDs are known.
func isOutlook(s string) bool { return isExpress(s) || isClassic(s) }

// isExpress finds "Outlook Express" 4 to 6.
func isExpress(s string) bool {
	const name = "Outlook Express "
	for {
		i := strings.Index(s, name)
		if i < 0 {
			return false
		}
		v := s[i+len(name):]
		if (i == 0 || !ascii.IsWord(s[i-1])) && len(v) > 1 && '4' <= v[0] && v[0] <= '6' && v[1] == '.' {
			return true
		}
		s = v
	}
}

func isClassic(s string) bool {
	s, ok := strings.CutPrefix(s, "Microsoft Outlook")
	return ok && (strings.HasPrefix(s, " 8.") || strings.HasPrefix(s, " CWS, Build 9.") || strings.HasPrefix(s, ", Build 10."))
}

// judgeOutlook excepts two versions that write Message-IDs of other forms.
func judgeOutlook(h *mail.Header) func(*forms, ids) *symbols.Def {
	return func(f *forms, m ids) *symbols.Def {
		odd := h.Find("x-mailer", func(s string) bool {
			return s == "Microsoft Outlook, Build 10.0.3416" || s == "Microsoft Outlook Express 6.00.3790.3959"
		})
		if odd != nil || m.any(f.vista) {
			return nil
		}
		if h.Find("x-mailer", isExpress) != nil && !m.any(f.express...) ||
			h.Find("x-mailer", isClassic) != nil && !m.any(f.outlook...) {
			return outlook
		}
		return nil
	}
}
