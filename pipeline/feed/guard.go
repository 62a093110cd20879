package feed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
)

// ErrPrivate is wrapped where an address is refused because it is not a public one.
var ErrPrivate = errors.New("the address is private")

// reserved are the networks, beside those that netip.Addr tells apart, that no public server is in:
// the IANA special-purpose registries of IPv4 and IPv6 (RFC 6890).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("fec0::/10"),
	// Addresses of IPv4 in those of IPv6: a translator on the way would lead to any of them.
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("::/96"),
}

// public reports whether an address is of the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// trustKey is the context's key of the host:port that a request may reach though it is private.
type trustKey struct{}

// withTrust lets requests under ctx reach host, "address:port", though it is private.
func withTrust(ctx context.Context, host string) context.Context {
	if host == "" {
		return ctx
	}
	return context.WithValue(ctx, trustKey{}, host)
}

// hostPort is the URL's host with its port; localhost is 127.0.0.1.
func hostPort(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// privateHost is hostPort where the URL itself names a private address, else "". A user who types
// such a feed wants just that.
func privateHost(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	hp := hostPort(u)
	ap, err := netip.ParseAddrPort(hp)
	if err != nil || public(ap.Addr()) {
		return ""
	}
	return hp
}

// checkURL refuses what is not http or https, and a private address in the URL itself. The dialler
// can't see these where a connection is there already.
func checkURL(ctx context.Context, u *url.URL, allowPrivate bool) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is no address of the web: want http or https", u.Redacted())
	}
	if u.Hostname() == "" {
		return fmt.Errorf("%q has no host", u.Redacted())
	}
	if allowPrivate {
		return nil
	}
	host := hostPort(u)
	ap, err := netip.ParseAddrPort(host)
	if err != nil || public(ap.Addr()) || ctx.Value(trustKey{}) == host {
		return nil
	}
	return fmt.Errorf("%w: %s: name the feed itself by hand, or allow private addresses (--feed-allow-private)", ErrPrivate, host)
}

// dialer dials public addresses only. The check sees the address that the name has been resolved
// to, just before connecting to it: a name that changes its address between a check and its use
// (DNS rebinding) gains nothing.
func dialer(allowPrivate bool) *net.Dialer {
	return &net.Dialer{
		ControlContext: func(ctx context.Context, _, address string, _ syscall.RawConn) error {
			if allowPrivate {
				return nil
			}
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: %s", ErrPrivate, address)
			}
			ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
			if public(ap.Addr()) || ctx.Value(trustKey{}) == ap.String() {
				return nil
			}
			return fmt.Errorf("%w: %s", ErrPrivate, ap)
		},
	}
}
