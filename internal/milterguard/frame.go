package milterguard

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
)

// The commands of the protocol (SMFIC_ in Sendmail's mfdef.h).
const (
	cmdAbort, cmdBody, cmdConnect, cmdMacro, cmdEnd   = 'A', 'B', 'C', 'D', 'E'
	cmdHelo, cmdQuitNew, cmdHeader, cmdMail, cmdEOH   = 'H', 'K', 'L', 'M', 'N'
	cmdNegotiate, cmdQuit, cmdRcpt, cmdData, cmdOther = 'O', 'Q', 'R', 'T', 'U'
)

// check says what is wrong with a command's data. What passes is read by the
// library without an error; some of what it refuses would end the process
// there, or be logged through a global function.
func check(cmd byte, data []byte, maxMacros int) error {
	switch cmd {
	case cmdNegotiate:
		if len(data) < 12 {
			return fmt.Errorf("negotiation of %d bytes", len(data))
		}
		if v := binary.BigEndian.Uint32(data); v < 2 {
			return fmt.Errorf("protocol version %d", v)
		}
	case cmdConnect:
		return checkConnect(data)
	case cmdMail, cmdRcpt:
		if bytes.IndexByte(data, 0) < 0 {
			return fmt.Errorf("an address without an end in command %q", cmd)
		}
	case cmdHelo:
		if len(data) == 0 {
			return fmt.Errorf("empty command %q", cmd)
		}
	case cmdHeader:
		if len(data) < 2 || bytes.Count(bytes.TrimSuffix(data, []byte{0}), []byte{0}) != 1 {
			return fmt.Errorf("a header field that is not a name and a value")
		}
	case cmdMacro:
		if len(data) == 0 {
			return fmt.Errorf("macros without a command")
		}
		if len(data) > maxMacros {
			return fmt.Errorf("%d bytes of macros, the limit is %d", len(data), maxMacros)
		}
	case cmdAbort, cmdBody, cmdEnd, cmdQuitNew, cmdEOH, cmdQuit, cmdData, cmdOther:
	default:
		return fmt.Errorf("unknown command %q", cmd)
	}
	return nil
}

// checkConnect checks a client's name, kind of address, port and address.
func checkConnect(data []byte) error {
	host := bytes.IndexByte(data, 0)
	if host < 0 || host+1 == len(data) {
		return fmt.Errorf("a client without a kind of address")
	}
	kind, rest := data[host+1], data[host+2:]
	if kind == 'U' {
		return nil
	}
	if !strings.ContainsRune("L46", rune(kind)) || len(rest) < 2 {
		return fmt.Errorf("a client's address of kind %q with %d bytes", kind, len(rest))
	}
	addr, _, _ := strings.Cut(string(rest[2:]), "\x00")
	ip := net.ParseIP(addr)
	if kind == '6' {
		addr = strings.TrimPrefix(addr, "IPv6:")
		if inner, ok := strings.CutPrefix(addr, "["); ok && strings.HasSuffix(inner, "]") {
			addr = strings.TrimSuffix(inner, "]")
		}
		ip = net.ParseIP(addr)
	}
	if kind != 'L' && (ip == nil || kind == '4' && ip.To4() == nil) {
		return fmt.Errorf("%.80q is no address of kind %q", addr, kind)
	}
	return nil
}

// useless reports whether the library would only complain about a macro
// frame: it knows no such command.
func useless(cmd byte, data []byte) bool {
	return cmd == cmdMacro && !strings.ContainsRune("CHMRTNEULAB", rune(data[0]))
}
