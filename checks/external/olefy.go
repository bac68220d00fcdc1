package external

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// office are the parts that may hold macros: by their name, their
// type, or their bytes.
func office(p *mail.Part) bool {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(p.Filename()), "."))
	known := func(ext string) bool {
		return slices.Contains([]string{
			"doc", "docm", "docx", "dot", "dotm", "dotx", "pot", "potm", "potx", "ppa", "ppam", "pps", "ppsm", "ppsx", "ppt", "pptm", "pptx",
			"pub", "rtf", "sldm", "slk", "xla", "xlam", "xls", "xlsb", "xlsm", "xlsx", "xlt", "xltm", "xltx", "xml",
		}, ext)
	}
	sub := p.Type.Subtype
	if known(ext) || sub == "msword" || sub == "rtf" || strings.HasPrefix(sub, "vnd.ms-") || strings.HasPrefix(sub, "vnd.openxmlformats-") {
		return true
	}
	_, detected := p.Detected()
	return known(detected)
}

// askOlefy has olevba look at a file (OLEFY/1.0).
func askOlefy(r *Rule, q *question) func(net.Conn) (answer, error) {
	return func(c net.Conn) (answer, error) {
		digest := sha256.Sum256(q.data)
		reply, err := exchange(c, fmt.Appendf(nil, "OLEFY/1.0\nMethod: oletools\nRspamd-ID: %x\n\n", digest[:4]), q.data)
		if err != nil {
			return answer{}, err
		}
		return readOlefy(reply, r.Extended)
	}
}

// readOlefy reads olevba's JSON: about the program, about the file, and how it
// ended. Macros that run by themselves and have suspicious words are a finding;
// extended, all that do either.
func readOlefy(reply []byte, extended bool) (answer, error) {
	var all []struct {
		Error    string
		Macros   []json.RawMessage
		Analysis []indication
		Return   int `json:"return_code"`
	}
	if err := json.Unmarshal(reply, &all); err != nil || len(all) == 0 {
		return answer{}, badReply("no report in the reply")
	}
	switch {
	case all[0].Error == "File too small":
		return answer{}, nil
	case all[0].Error != "":
		return answer{}, badReply("%.60s", line(all[0].Error))
	case len(all) < 3:
		return answer{}, badReply("no report in the reply")
	case all[2].Return == 9: // encrypted
		return answer{}, nil
	case all[2].Return > 1:
		return answer{}, badReply("olevba ended with %d", all[2].Return)
	}
	if len(all[1].Macros) == 0 {
		return answer{}, nil
	}
	flags, words := summary(all[1].Analysis)
	switch {
	case extended && len(words) > 0:
		return answer{Found: true, Factor: 1, Options: append([]string{flags}, words...)}, nil
	case !extended && strings.HasPrefix(flags, "MAS"):
		return answer{Found: true, Factor: 1, Options: []string{"AutoExec + Suspicious (" + strings.Join(words, ",") + ")"}}, nil
	}
	return answer{}, nil
}

// An indication is one that olevba found in macros.
type indication struct{ Type, Keyword string }

// summary returns a letter for each kind of indication, M for macros first and
// a dash for what is not there, and the words that say something.
func summary(list []indication) (flags string, words []string) {
	letters := []byte("M-------")
	for _, a := range list {
		for i, kind := range []string{"autoexec", "suspicious", "ioc", "hex string", "base64 string", "dridex string", "vba string"} {
			if strings.TrimSuffix(strings.ToLower(a.Type), "s") == strings.TrimSuffix(kind, "s") {
				letters[i+1] = "ASIHBDV"[i]
			}
		}
		if a.Type == "AutoExec" || a.Type == "Suspicious" && a.Keyword != "Base64 Strings" && a.Keyword != "Hex Strings" {
			words = append(words, a.Keyword)
		}
	}
	return string(letters), words
}
