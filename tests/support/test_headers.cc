// Gives the precompiled headers of all tests something to belong to.
