// Package standin stands in for the services around the national patient overview: it
// answers GetBlocks, GetConsentsForCareProvider, GetPatientRelationsForCareProvider,
// GetCredentialsForPersonIncludingProtectedPerson, AssertCareEngagement and StoreLog
// over SOAP 1.1, from one TOML file, so that a mirror can be fed without them. It can
// be told to stall, to fail, to lie and to demand a full reading.
//
// It owns what it read, when each row came and went, and the posts that it was given,
// all in memory and bounded. It runs no goroutine of its own: the file is looked at
// when somebody asks. It must never listen anywhere but on loopback, never be part of
// a production cluster, and never quote the file in an error.
package standin
