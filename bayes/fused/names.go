package fused

import "strings"

// names are what the tokens of a message stand for, in the order of the set.
type names struct{ list []tokenName }

// A tokenName tells a token's kind and what it is made of.
type tokenName struct {
	kind tokenKind
	text string
}

// maxName bounds the text of a name.
const maxName = 120

// token names the n-th token of the set unless it has a name: one that comes again
// adds none.
func (s *names) token(n int, k tokenKind, a, b string) {
	if len(s.list) >= n {
		return
	}
	if b != "" {
		a = strings.TrimSpace(a + " " + b)
	}
	s.list = append(s.list, tokenName{k, cut(a)})
}

// cut bounds a name and keeps it apart from the message's memory.
func cut(s string) string {
	return strings.ToValidUTF8(strings.Clone(s[:min(len(s), maxName)]), "\uFFFD")
}

func (k tokenKind) String() string {
	switch k {
	case tokenField:
		return "field"
	case tokenFieldPair:
		return "order of fields"
	case tokenSpelling:
		return "spelling of a field"
	case tokenFieldWord:
		return "word in a field"
	case tokenFieldWords:
		return "words in a field"
	case tokenIDShape:
		return "shape of Message-ID"
	case tokenIDDomain:
		return "domain of Message-ID"
	case tokenZone:
		return "time zone"
	case tokenDateShape:
		return "shape of Date"
	case tokenAddress:
		return "address"
	case tokenDomain:
		return "domain"
	case tokenValue:
		return "value of a field"
	case tokenTextWords:
		return "words"
	case tokenCapitals:
		return "capitals"
	case tokenTag:
		return "tag"
	case tokenTagPair:
		return "tags"
	}
	return k.moreString()
}

// moreString has the kinds of links, parts and the whole message.
func (k tokenKind) moreString() string {
	switch k {
	case tokenSite:
		return "link to domain"
	case tokenHost:
		return "link to host"
	case tokenTLD:
		return "link below"
	case tokenPathShape:
		return "shape of a link's path"
	case tokenPathWord:
		return "word in a link's path"
	case tokenQueryShape:
		return "shape of a link's query"
	case tokenPart:
		return "part"
	case tokenTextLength:
		return "length of text"
	case tokenURLs:
		return "number of links"
	case tokenParts:
		return "number of parts"
	case tokenRecipients:
		return "number of recipients"
	case tokenSymbol:
		return "symbol"
	}
	return "token"
}
