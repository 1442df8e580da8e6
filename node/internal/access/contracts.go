package access

import (
	"slices"
	"strings"

	"tvilling/node/internal/projection"
	"tvilling/protocol"
)

// ContractSet is a set of contracts. The zero value is empty.
type ContractSet uint64

// Contracts makes a set. What is not in the registry is left out.
func Contracts(contracts ...protocol.Contract) ContractSet {
	var s ContractSet
	for _, c := range contracts {
		if c.Known() && c < 64 {
			s |= 1 << c
		}
	}
	return s
}

// Has reports whether c is in the set.
func (s ContractSet) Has(c protocol.Contract) bool { return c < 64 && s&(1<<c) != 0 }

// What a commission must be, word for word as the directory has it.
const (
	purposeCare     = "Vård och behandling"
	purposeFollowUp = "Administration"
	activityRead    = "Läsa"
	scopeShared     = "SJF" // sammanhållen journalföring
	scopeProvider   = "VG"  // the whole care provider
	classAll        = "alla"
	classLog        = "logg" // the access log
	classDivider    = "-"
	rightsInClass   = 16 // types of a right that are looked at without allocating
)

// readable returns the contracts that the rights let one read as shared records. A
// right for a type covers a contract only if all that the contract may hold is
// covered: FunctionalStatus needs both of its types.
func readable(rights []projection.Right) ContractSet {
	classes := make([]string, 0, rightsInClass)
	for _, r := range rights {
		if r.Activity == activityRead && r.Scope == scopeShared {
			classes = append(classes, r.InformationClass)
		}
	}
	switch {
	case len(classes) == 0:
		return 0
	case slices.Contains(classes, classAll):
		return Contracts(protocol.Contracts()...)
	}
	var s ContractSet
	for _, c := range protocol.Contracts() {
		if coversAll(classes, c.Info()) {
			s |= Contracts(c)
		}
	}
	return s
}

func coversAll(classes []string, info protocol.ContractInfo) bool {
	for _, category := range info.Categorization {
		if !covers(classes, category, string(info.BlockType)) {
			return false
		}
	}
	return len(info.Categorization) > 0
}

// covers finds a right for a type of information: its category in the engagement
// index (und-kkm-ure), the first part of it (und), or the block service's type (lak).
func covers(classes []string, category, blockType string) bool {
	head, _, _ := strings.Cut(category, classDivider)
	for _, class := range classes {
		if class == category || class == head || class != "" && class == blockType {
			return true
		}
	}
	return false
}

// exempted returns the contracts that a block does not hit.
func exempted(types []string) ContractSet {
	if len(types) == 0 {
		return 0
	}
	var s ContractSet
	for _, c := range protocol.Contracts() {
		if t := c.Info().BlockType; t != protocol.BlockTypeNone && slices.Contains(types, string(t)) {
			s |= Contracts(c)
		}
	}
	return s
}
