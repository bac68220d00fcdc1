package maxmind

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// writeDB writes a database of IPv6 form (IPv4 below ::/96) with records of
// 24 bits, as https://maxmind.github.io/MaxMind-DB/ describes it. Prefixes
// must not overlap.
func writeDB(t testing.TB, path string, entries map[string]map[string]any) {
	t.Helper()
	writeVersion(t, path, 6, entries)
}

// writeVersion writes a database of either form; IPv4's has no other addresses.
func writeVersion(t testing.TB, path string, version int, entries map[string]map[string]any) {
	t.Helper()
	var data bytes.Buffer
	type node [2]int // 0: nothing, >0: node, <0: -1-offset in data
	nodes := []node{{}}
	keys := make([]string, 0, len(entries))
	for k := range entries {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, key := range keys {
		p := netip.MustParsePrefix(key)
		addr, bits := p.Addr().As16(), p.Bits()
		if p.Addr().Is4() {
			addr, bits = [16]byte{}, bits+96
			v4 := p.Addr().As4()
			copy(addr[12:], v4[:])
		}
		offset := data.Len()
		encode(&data, entries[key])
		n, first := 0, 0
		if version == 4 {
			first = 96
		}
		for i := first; i < bits; i++ {
			side := int(addr[i/8]>>(7-i%8)) & 1
			if i == bits-1 {
				nodes[n][side] = -1 - offset
				break
			}
			if nodes[n][side] == 0 {
				nodes = append(nodes, node{})
				nodes[n][side] = len(nodes) - 1
			}
			n = nodes[n][side]
		}
	}
	var out bytes.Buffer
	for _, n := range nodes {
		for _, v := range n {
			switch {
			case v == 0:
				v = len(nodes)
			case v < 0:
				v = len(nodes) + 16 + (-1 - v)
			}
			out.Write([]byte{byte(v >> 16), byte(v >> 8), byte(v)})
		}
	}
	out.Write(make([]byte, 16))
	out.Write(data.Bytes())
	out.WriteString("\xab\xcd\xefMaxMind.com")
	encode(&out, map[string]any{
		"node_count": uint32(len(nodes)), "record_size": uint32(24), "ip_version": uint32(version),
		"database_type": "Test", "binary_format_major_version": uint32(2), "binary_format_minor_version": uint32(0),
		"build_epoch": uint64(1), "languages": []any{}, "description": map[string]any{},
	})
	// As an updater does it: written beside, then moved into place.
	tmp := filepath.Join(filepath.Dir(path), "new")
	if err := os.WriteFile(tmp, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, path); err != nil {
		t.Fatal(err)
	}
}

// encode writes a value of the data section; everything here is shorter than
// 285 bytes or entries.
func encode(b *bytes.Buffer, v any) {
	control := func(kind, size int) {
		first, ext := kind<<5, 0
		if kind > 7 {
			first, ext = 0, kind-7
		}
		if size >= 29 {
			b.WriteByte(byte(first | 29))
		} else {
			b.WriteByte(byte(first | size))
		}
		if ext > 0 {
			b.WriteByte(byte(ext))
		}
		if size >= 29 {
			b.WriteByte(byte(size - 29))
		}
	}
	switch v := v.(type) {
	case string:
		control(2, len(v))
		b.WriteString(v)
	case uint32:
		control(6, 4)
		b.Write(binary.BigEndian.AppendUint32(nil, v))
	case uint64:
		control(9, 8)
		b.Write(binary.BigEndian.AppendUint64(nil, v))
	case []any:
		control(11, len(v))
		for _, e := range v {
			encode(b, e)
		}
	case map[string]any:
		control(7, len(v))
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			encode(b, k)
			encode(b, v[k])
		}
	}
}
