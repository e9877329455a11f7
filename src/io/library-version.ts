/** The version in package.json (a test compares the two); files say which version wrote them. */
export const libraryVersion = '0.1.0';
