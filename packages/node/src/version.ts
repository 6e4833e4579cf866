/** The release of this package, as people and peers see it. */
export const VERSION = '0.1.0';
