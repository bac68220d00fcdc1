package compromised

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	hasPHPMailer  = def("HAS_PHPMAILER_SIG", 0, "the PHPMailer class wrote the message")
	phpScriptRoot = def("PHP_SCRIPT_ROOT", 1, "a PHP script of the user root sent the message")
	hasXPOS       = def("HAS_X_POS", 0, "X-PHP-Originating-Script is there")
	hasXPHPScript = def("HAS_X_PHP_SCRIPT", 0, "X-PHP-Script is there")
	phpEval       = def("X_PHP_EVAL", 4, "PHP code that was evaluated from a string sent the message")
	xpsPattern    = def("PHP_XPS_PATTERN", 0, "X-PHP-Script names a sendmail.php at the top of a site")
	hiddenSource  = def("HIDDEN_SOURCE_OBJ", 2, "the path of the sending script has a hidden file or directory")

	phpForged0X = &symbols.Def{
		Name: "X_PHP_FORGED_0X", Groups: []string{"headers"}, Weight: 4,
		Doc: "the user number in X-PHP-Originating-Script begins with 0, which PHP does not write",
	}
	phpPOSFake = &symbols.Def{
		Name: "X_PHPOS_FAKE", Groups: []string{"headers"}, Weight: 3,
		Doc: "the user number in X-PHP-Originating-Script has seven digits",
	}
)

func scriptSymbols() []*symbols.Def {
	return []*symbols.Def{
		hasPHPMailer, phpScriptRoot, hasXPOS, hasXPHPScript, phpEval, xpsPattern, hiddenSource, phpForged0X, phpPOSFake,
	}
}

func runScripts(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	hit := func(d *symbols.Def, f *mail.Field) {
		if f != nil {
			t.HitField(d, f)
		}
	}
	if f := h.Find("x-mailer", isPHPMailer); f != nil {
		hit(hasPHPMailer, f)
	} else {
		hit(hasPHPMailer, h.Find("content-type", phpMailerBoundary))
	}
	const pos, script = "x-php-originating-script", "x-php-script"
	if f := h.Get(pos); f != nil {
		hit(hasXPOS, f)
		hit(phpScriptRoot, h.Find(pos, func(s string) bool { return strings.HasPrefix(s, "0:") }))
		hit(phpForged0X, h.FindRaw(pos, leadingZero))
		hit(phpPOSFake, h.Find(pos, sevenDigits))
	}
	if f := h.Get(script); f != nil {
		hit(hasXPHPScript, f)
		hit(xpsPattern, h.Find(script, topSendmail))
	}
	for _, name := range [...]string{script, pos} {
		if f := h.Find(name, evaluated); f != nil {
			hit(phpEval, f)
			break
		}
	}
	hit(hiddenSource, hidden(h))
	return nil
}

func isPHPMailer(s string) bool { return strings.HasPrefix(s, "PHPMailer ") }

// phpMailerBoundary finds boundary="b1_…" with only letters and digits.
func phpMailerBoundary(s string) bool {
	const start = `boundary="b1_`
	for {
		_, after, ok := strings.Cut(s, start)
		if !ok {
			return false
		}
		n := ascii.Span(after, func(c byte) bool { return ascii.IsDigit(c) || ascii.IsLetter(c) })
		if n > 0 && n < len(after) && after[n] == '"' {
			return true
		}
		s = after
	}
}

func leadingZero(s string) bool { return len(s) > 1 && s[0] == '0' && ascii.IsDigit(s[1]) }

func sevenDigits(s string) bool {
	return ascii.Span(s, ascii.IsDigit) == 7 && len(s) > 7 && s[7] == ':'
}

func evaluated(s string) bool { return strings.Contains(s, "eval()'d code") }

// topSendmail knows "label.rest/sendmail.php" with no dot or slash in rest.
func topSendmail(s string) bool {
	label, rest, ok := strings.Cut(s, ".")
	if !ok || label == "" || strings.Contains(label, " ") {
		return false
	}
	i := strings.IndexAny(rest, "./ ")
	const file = "/sendmail.php"
	if i < 1 || !ascii.HasPrefixFold(rest[i:], file) {
		return false
	}
	tail := rest[i+len(file):]
	return tail == "" || !ascii.IsWord(tail[0])
}

// hidden returns the field whose path has a component that begins with a dot,
// nil if none has.
func hidden(h *mail.Header) *mail.Field {
	inPath := func(s string) bool {
		i := strings.Index(s, "/.")
		return i >= 0 && i+2 < len(s)
	}
	if f := h.Find("x-php-script", inPath); f != nil {
		return f
	}
	if f := h.Find("x-source-args", inPath); f != nil {
		return f
	}
	return h.Find("x-php-originating-script", func(s string) bool {
		n := ascii.Span(s, ascii.IsDigit)
		return inPath(s) || n > 0 && strings.HasPrefix(s[n:], ":.") && len(s) > n+2
	})
}
