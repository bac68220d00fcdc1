package html

import (
	"context"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	shortLinkImage1 = &symbols.Def{
		Name: "HTML_SHORT_LINK_IMG_1", Groups: group(), Weight: 2,
		Doc: "an HTML part with less than 1,024 bytes of text links from an embedded picture",
	}
	shortLinkImage2 = &symbols.Def{
		Name: "HTML_SHORT_LINK_IMG_2", Groups: group(), Weight: 1,
		Doc: "an HTML part with 1,024 to 1,535 bytes of text links from an embedded picture",
	}
	shortLinkImage3 = &symbols.Def{
		Name: "HTML_SHORT_LINK_IMG_3", Groups: group(), Weight: 0.5,
		Doc: "an HTML part with 1,536 to 2,047 bytes of text links from an embedded picture",
	}
	emptyImage = &symbols.Def{
		Name: "R_EMPTY_IMAGE", Groups: group(), Weight: 2,
		Doc: "an HTML part with hardly any text shows a large picture",
	}
	suspiciousImages = &symbols.Def{
		Name: "R_SUSPICIOUS_IMAGES", Groups: group(), Weight: 5,
		Doc: "linked pictures take more room than the words of an HTML part",
	}
)

// Sizes are width plus height in pixels, texts are in bytes.
const (
	linkImage   = 210  // an embedded picture at least so large counts
	largeImage  = 400  // a picture at least so large stands for a message
	littleText  = 50   // less text than this is none
	minWordsPic = 100  // pictures between these sizes show words:
	maxWordsPic = 3000 //
	pxPerWord   = 100  // one for so much size
)

func runImages(_ context.Context, t *checks.Task) error {
	empty, suspicious := false, false
	var short [3]bool
	htmlTexts(t, func(x *mail.Text, h *mail.HTML) bool {
		n := len(h.Visible)
		var words float64
		for _, m := range h.Images {
			size := m.Width + m.Height
			if m.InLink && m.Embedded && size >= linkImage {
				shortLinkImage(t, x, m, n, &short)
			}
			if !m.InLink && n < littleText && size >= largeImage && !empty {
				empty = true
				t.HitAt(symbols.Hit{Def: emptyImage, Factor: 1, Evidence: place(x, m.Block)})
			}
			if m.InLink && size > minWordsPic && size < maxWordsPic {
				words += float64(size) / pxPerWord
			}
		}
		if words > 0 && !suspicious {
			if rel := words / (float64(len(x.Words())) + words); rel > 0.5 {
				suspicious = true
				t.HitAt(symbols.Hit{Def: suspiciousImages, Factor: (rel - 0.5) * 2, Evidence: checks.Part(x.Part)})
			}
		}
		return true
	})
	return nil
}

// shortLinkImage raises the symbol for a text of n bytes, each once.
func shortLinkImage(t *checks.Task, x *mail.Text, m *mail.Image, n int, seen *[3]bool) {
	var d *symbols.Def
	i := 0
	switch {
	case n < 1024:
		d, i = shortLinkImage1, 0
	case n < 1536:
		d, i = shortLinkImage2, 1
	case n < 2048:
		d, i = shortLinkImage3, 2
	default:
		return
	}
	if !seen[i] {
		seen[i] = true
		t.HitAt(symbols.Hit{Def: d, Factor: 1, Evidence: place(x, m.Block)})
	}
}
