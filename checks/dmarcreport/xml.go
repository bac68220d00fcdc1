package dmarcreport

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"io"
	"time"
)

// Namespace is that of the report's XML (RFC 9990).
const Namespace = "urn:ietf:params:xml:ns:dmarc-2.0"

// Metadata says who reports.
type Metadata struct {
	Organization string // org_name
	Email        string // the address for questions about the report
	Contact      string // other ways to ask, "" for none
	Begin, End   time.Time
	ReportID     string
}

// feedback is the report's root, its fields in an order that suits the
// schemas of RFC 9990 and of RFC 7489 appendix C.
type feedback struct {
	XMLName  xml.Name `xml:"urn:ietf:params:xml:ns:dmarc-2.0 feedback"`
	Version  string   `xml:"version"`
	Metadata struct {
		Organization string `xml:"org_name"`
		Email        string `xml:"email"`
		Contact      string `xml:"extra_contact_info,omitempty"`
		ReportID     string `xml:"report_id"`
		DateRange    struct {
			Begin int64 `xml:"begin"`
			End   int64 `xml:"end"`
		} `xml:"date_range"`
		Generator string `xml:"generator"`
	} `xml:"report_metadata"`
	Policy struct {
		Domain    string `xml:"domain"`
		ADKIM     string `xml:"adkim"`
		ASPF      string `xml:"aspf"`
		P         string `xml:"p"`
		SP        string `xml:"sp,omitempty"`
		NP        string `xml:"np,omitempty"`
		FO        string `xml:"fo,omitempty"`
		Testing   string `xml:"testing"`
		Discovery string `xml:"discovery_method"`
	} `xml:"policy_published"`
	Records []record `xml:"record"`
}

type record struct {
	SourceIP    string      `xml:"row>source_ip"`
	Count       int         `xml:"row>count"`
	Evaluated   evaluated   `xml:"row>policy_evaluated"`
	Identifiers identifiers `xml:"identifiers"`
	Results     results     `xml:"auth_results"`
}

type evaluated struct {
	Disposition string  `xml:"disposition"`
	DKIM        string  `xml:"dkim"`
	SPF         string  `xml:"spf"`
	Reason      *reason `xml:"reason"`
}

type reason struct {
	Type    string `xml:"type"`
	Comment string `xml:"comment,omitempty"`
}

type identifiers struct {
	EnvelopeFrom string `xml:"envelope_from"`
	HeaderFrom   string `xml:"header_from"`
}

type results struct {
	DKIM []dkimResult `xml:"dkim"`
	SPF  spfResult    `xml:"spf"`
}

type dkimResult struct {
	Domain   string `xml:"domain"`
	Selector string `xml:"selector"`
	Result   string `xml:"result"`
}

type spfResult struct {
	Domain string `xml:"domain"`
	Scope  string `xml:"scope"`
	Result string `xml:"result"`
}

// WriteXML writes a report. counts holds how many messages each row stands
// for.
func WriteXML(w io.Writer, m Metadata, p Policy, rows []Row, counts []int) error {
	f := feedback{Version: "1.0"}
	f.Metadata.Organization, f.Metadata.Email, f.Metadata.Contact = m.Organization, m.Email, m.Contact
	f.Metadata.ReportID, f.Metadata.Generator = m.ReportID, "winnow"
	f.Metadata.DateRange.Begin, f.Metadata.DateRange.End = m.Begin.Unix(), m.End.Unix()
	f.Policy.Domain, f.Policy.ADKIM, f.Policy.ASPF = p.Domain, p.ADKIM, p.ASPF
	f.Policy.P, f.Policy.SP, f.Policy.NP, f.Policy.FO = p.P, p.SP, p.NP, p.FailureOptions
	f.Policy.Testing, f.Policy.Discovery = "n", "psl"
	if p.Testing {
		f.Policy.Testing = "y"
	}
	if p.Walked {
		f.Policy.Discovery = "treewalk"
	}
	for i, r := range rows {
		f.Records = append(f.Records, r.record(counts[i]))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(f); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r Row) record(count int) record {
	word := map[bool]string{false: "fail", true: "pass"}
	out := record{SourceIP: r.SourceIP.String(), Count: count}
	out.Evaluated = evaluated{Disposition: r.Disposition, DKIM: word[r.DKIM], SPF: word[r.SPF]}
	if r.Override != "" {
		out.Evaluated.Reason = &reason{r.Override, r.Comment}
	}
	out.Identifiers = identifiers{r.SPFDomain, r.HeaderFrom}
	if r.NullSender {
		out.Identifiers.EnvelopeFrom = ""
	}
	for _, s := range r.Signatures {
		out.Results.DKIM = append(out.Results.DKIM, dkimResult(s))
	}
	out.Results.SPF = spfResult{Domain: r.SPFDomain, Scope: "mfrom", Result: r.SPFResult}
	if out.Results.SPF.Result == "" {
		out.Results.SPF.Result = "none"
	}
	return out
}

// compress makes the attachment of a report.
func compress(m Metadata, p Policy, counted []counted) ([]byte, error) {
	rows, counts := make([]Row, len(counted)), make([]int, len(counted))
	for i, c := range counted {
		rows[i], counts[i] = c.Row, c.count
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := WriteXML(z, m, p, rows, counts); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
