package external

import (
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
func askOlefy(_ *Rule, q *question) func(net.Conn) (answer, error) {
	return func(c net.Conn) (answer, error) {
		digest := q.part.Digest()
		reply, err := exchange(c, fmt.Appendf(nil, "OLEFY/1.0\nMethod: oletools\nRspamd-ID: %x\n\n", digest[:4]), q.data)
		if err != nil {
			return answer{}, err
		}
		return readOlefy(reply)
	}
}

// readOlefy reads olevba's JSON: about the program, about the file, and how it
// ended. Macros that run by themselves and have suspicious words are a finding.
func readOlefy(reply []byte) (answer, error) {
	var all []struct {
		Error    string
		Macros   []json.RawMessage
		Analysis []struct{ Type, Keyword string }
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
	var words []string
	var starts, suspicious bool
	for _, a := range all[1].Analysis {
		switch a.Type {
		case "AutoExec":
			starts, words = true, append(words, a.Keyword)
		case "Suspicious":
			suspicious = true
			if a.Keyword != "Base64 Strings" && a.Keyword != "Hex Strings" {
				words = append(words, a.Keyword)
			}
		}
	}
	if len(all[1].Macros) == 0 || !starts || !suspicious {
		return answer{}, nil
	}
	return answer{Found: true, Factor: 1, Options: []string{"AutoExec + Suspicious (" + strings.Join(words, ",") + ")"}}, nil
}
